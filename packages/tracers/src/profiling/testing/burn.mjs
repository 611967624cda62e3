// Says "ready", then burns CPU time in two functions, 70 % of it in the first, and prints what each took, in seconds.
const seconds = Number(process.argv[2] ?? 3);
let sink = 0;

function burnSeventy(rounds) {
  for (let i = 0; i < rounds * 7; i++) sink = (sink + i * i) % 1_000_003;
}

function burnThirty(rounds) {
  for (let i = 0; i < rounds * 3; i++) sink = (sink + i * i) % 1_000_003;
}

/** CPU time that a call takes, in seconds. */
function measure(burn) {
  const { user } = process.cpuUsage();
  burn(100_000);
  return (process.cpuUsage().user - user) / 1e6;
}

console.log("ready");
const taken = { burnSeventy: 0, burnThirty: 0 };
while (taken.burnSeventy + taken.burnThirty < seconds) {
  taken.burnSeventy += measure(burnSeventy);
  taken.burnThirty += measure(burnThirty);
}
console.log(JSON.stringify(taken));
