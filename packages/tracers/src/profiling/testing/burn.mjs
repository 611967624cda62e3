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
function measure(burn, rounds) {
  const { user } = process.cpuUsage();
  burn(rounds);
  return (process.cpuUsage().user - user) / 1e6;
}

console.log("ready");
const taken = { burnSeventy: 0, burnThirty: 0 };
while (taken.burnSeventy + taken.burnThirty < seconds) {
  // Of one length, the rounds could be in step with the sampling.
  const rounds = 50_000 + Math.floor(Math.random() * 100_000);
  taken.burnSeventy += measure(burnSeventy, rounds);
  taken.burnThirty += measure(burnThirty, rounds);
}
console.log(JSON.stringify(taken));
