#!/usr/bin/env node
// Starts the program of the package for this platform, which npm installed beside this one.
"use strict";

const windows = process.platform === "win32";
const name = `@neonup/${process.platform}-${process.arch}`;

function find() {
  try {
    return require.resolve(`${name}/bin/neonup${windows ? ".exe" : ""}`);
  } catch {
    const { optionalDependencies, version } = require("../package.json");
    if (!optionalDependencies[name]) {
      const platforms = Object.keys(optionalDependencies).map((other) => other.slice("@neonup/".length));
      fail(`there is no neonup for ${process.platform}-${process.arch}, only for ${platforms.join(", ")}`);
    }
    fail(
      `the package ${name}@${version} is missing. npm leaves it out with --omit=optional or --no-optional, or if ` +
        `node_modules comes from another machine. Install neonup again here, without that option, or install the package: ` +
        `npm install ${name}@${version}`,
    );
  }
}

function fail(message) {
  console.error(`neonup: ${message}`);
  process.exit(2);
}

const program = find();
const words = process.argv.slice(2);

if (!windows && process.execve) {
  // in our place: signals, the terminal and the exit code are the program's own
  process.execve(program, [program, ...words], process.env);
}

const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const child = spawn(program, words, { stdio: "inherit" });
// the terminal sends Ctrl-C and the like to both: the program alone decides
const onTerminal = require("node:tty").isatty(0);
for (const signal of ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP"]) {
  const both = onTerminal && signal !== "SIGTERM";
  process.on(signal, () => both || child.kill(signal));
}
child.on("error", (error) => fail(`can't start ${program}: ${error.message}`));
child.on("exit", (code, signal) => {
  process.exitCode = signal ? 128 + constants.signals[signal] : code;
});
