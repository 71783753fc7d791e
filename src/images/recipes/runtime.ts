/** Node.js and the program's production dependencies, below the operator: a change of our own source is a small layer. */
export const image = {
  name: "runtime",
  users: [{ name: "underpin", id: 42400, home: "/opt/underpin" }],
  // Node.js is linked with it.
  packages: ["libatomic1"],
  copies: [
    { kind: "node", to: "/usr/local/bin/node" },
    { kind: "node-modules", to: "/opt/underpin/node_modules" },
  ],
  commands: ["node --version"],
  env: { NODE_ENV: "production" },
  user: "42400",
};
