// Says "ready", then sleeps so often for so many milliseconds on its main thread.
const [times = 20, milliseconds = 20] = process.argv.slice(2).map(Number);
const never = new Int32Array(new SharedArrayBuffer(4));
console.log("ready");
for (let i = 0; i < times; i++) Atomics.wait(never, 0, 0, milliseconds);
