import { defineConfig } from "vite";

// The page is part of the Python package: what is built here is served from there.
export default defineConfig({
  build: {
    outDir: "../src/wheeltapper/server/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the page's policy allows no data: addresses
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8642" } },
});
