import deckyPlugin from "@decky/rollup";

const config = deckyPlugin();
// No source map: it would only repeat what the repository holds, in a form that names no release.
config.output.sourcemap = false;

export default config;
