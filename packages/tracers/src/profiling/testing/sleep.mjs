// Sleeps so often for so many milliseconds on its main thread, and prints the nanoseconds that it took in all.
const [times = 20, milliseconds = 20] = process.argv.slice(2).map(Number);
const never = new Int32Array(new SharedArrayBuffer(4));
let sleptNs = 0n;
for (let i = 0; i < times; i++) {
  const start = process.hrtime.bigint();
  Atomics.wait(never, 0, 0, milliseconds);
  sleptNs += process.hrtime.bigint() - start;
}
console.log(String(sleptNs));
