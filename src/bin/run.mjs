// Every npm script enters here: plain JavaScript, so that it can say what is wrong on any Node version.
const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(
    `Harbourmaster runs on the Node 24 that "npm ci" installs, but this is Node ${process.versions.node}. ` +
      'The install script of the package "node" was probably blocked: run "npm rebuild node --ignore-scripts=false" and try again.',
  );
  process.exit(1);
}
const [name, ...args] = process.argv.slice(2);
process.argv = [process.argv[0], name, ...args];
await import(`./${name}.ts`);
