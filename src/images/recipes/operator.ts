/** The operator: the program's own source on Node.js. */
const root = "/opt/underpin";
const user = "42400";
/** What Node compiled beforehand. It keeps what each user compiled apart, so it is made as the user who runs it. */
const cache = `${root}/.compile-cache`;
/**
 * V8 lets memory grow to four times what is used, unless it is told of a limit; the young generation grows to 32 MiB and
 * more while a cloud comes up, and hardly shrinks.
 */
const limits = ["--max-semi-space-size=4", "--max-old-space-size=512"];
/** What was compiled with it is taken with it alone: each process of this image has it. */
const compiled = "--optimize-for-size";
const compile = (module: string) =>
  `NODE_COMPILE_CACHE=${cache} setpriv --reuid=${user} --regid=${user} --clear-groups node ${compiled} ${root}/src/${module}`;

export const image = {
  name: "operator",
  from: "runtime",
  copies: [
    // What runs on the machine of whoever installs is not part of the operator: a change there must not roll it.
    { kind: "project", from: "src", to: `${root}/src`, exclude: ["cli", "underlay", "images"] },
    { kind: "project", from: "releases", to: `${root}/releases` },
    { kind: "project", from: "package.json", to: `${root}/package.json` },
  ],
  commands: [
    `mkdir ${cache} && chown ${user} ${cache}`,
    compile("operator/compile.ts"),
    // What starts a process must be there, too: for a single module with types the whole compiler would be loaded.
    compile("operator/main.ts --help"),
    compile("witness/main.ts --help"),
    `chown -R 0:0 ${cache} && chmod -R a+rX,go-w ${cache}`,
  ],
  env: { NODE_COMPILE_CACHE: cache },
  user,
  entrypoint: ["/usr/local/bin/node", ...limits, compiled, `${root}/src/operator/main.ts`],
  workingDir: root,
};
