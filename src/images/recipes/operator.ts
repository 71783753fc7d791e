/** The operator: Node.js, the program's own source and its production dependencies. */
const root = "/opt/underpin";

export const image = {
  name: "operator",
  users: [{ name: "underpin", id: 42400, home: root }],
  // Node.js is linked with it.
  packages: ["libatomic1"],
  copies: [
    { kind: "node", to: "/usr/local/bin/node" },
    // What runs on the machine of whoever installs is not part of the operator: a change there must not roll it.
    { kind: "project", from: "src", to: `${root}/src`, exclude: ["cli", "underlay", "images"] },
    { kind: "project", from: "releases", to: `${root}/releases` },
    { kind: "project", from: "package.json", to: `${root}/package.json` },
    { kind: "node-modules", to: `${root}/node_modules` },
  ],
  commands: ["node --version"],
  env: { NODE_ENV: "production" },
  user: "42400",
  entrypoint: ["/usr/local/bin/node", `${root}/src/operator/main.ts`],
  workingDir: root,
};
