/** The operator: the program's own source on Node.js. */
const root = "/opt/underpin";

export const image = {
  name: "operator",
  from: "runtime",
  copies: [
    // What runs on the machine of whoever installs is not part of the operator: a change there must not roll it.
    { kind: "project", from: "src", to: `${root}/src`, exclude: ["cli", "underlay", "images"] },
    { kind: "project", from: "releases", to: `${root}/releases` },
    { kind: "project", from: "package.json", to: `${root}/package.json` },
  ],
  user: "42400",
  entrypoint: ["/usr/local/bin/node", `${root}/src/operator/main.ts`],
  workingDir: root,
};
