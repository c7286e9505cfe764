// Every script and style directly in src/ is an entry point; what they share lives in folders below it.
import { copyFileSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { context } from "esbuild";

const source = "src";
const target = "../src/interlock/web/static/build";

const options = {
  entryPoints: readdirSync(source).filter((name) => /\.(js|css)$/.test(name)).map((name) => `${source}/${name}`),
  outdir: target,
  bundle: true,
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  format: "esm",
  minify: true,
  target: ["chrome123", "firefox121", "safari17.5"],
  // Addresses of our own static files are left as they are; Django's storage gives them their hashed names.
  external: ["/static/*"],
  loader: { ".woff2": "file" },
  assetNames: "[name]",
  logLevel: "warning",
  metafile: true,
};

// Pictures that the server draws are written in the typeface of the pages; their library reads no woff2.
const FONTS = "@expo-google-fonts/inter";
const fonts = ["400Regular/Inter_400Regular.ttf", "600SemiBold/Inter_600SemiBold.ttf"];

// What others wrote goes out with its licence, as that asks for.
function licences({ inputs }) {
  const packages = new Set(
    Object.keys(inputs).flatMap((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []),
  );
  packages.add(FONTS);
  return [...packages].sort().map((name) => {
    const folder = `node_modules/${name}`;
    const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    return `${name} ${version}\n\n${readFileSync(`${folder}/${file}`, "utf8").trim()}\n`;
  }).join(`\n${"-".repeat(80)}\n\n`);
}

rmSync(target, { recursive: true, force: true });
const build = await context(options);
if (process.argv.includes("--watch")) {
  await build.watch();
} else {
  const { metafile } = await build.rebuild();
  for (const font of fonts) copyFileSync(`node_modules/${FONTS}/${font}`, `${target}/${font.split("/")[1]}`);
  writeFileSync(`${target}/licences.txt`, licences(metafile));
  await build.dispose();
}
