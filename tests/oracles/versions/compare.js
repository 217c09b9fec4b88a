// Reads "a<TAB>b" lines; prints -1, 0 or 1 by npm's semver in loose mode, x if one is invalid.
// Loose mode reads 1.2.34.5 as 1.2.3-4.5, taking a number apart; that counts as invalid here.
const semver = require(process.argv[2]);
const out = [];
function parsed(text) {
  return /^[v=\s]*\d+\.\d+\.\d+(?![\d.])/.test(text) ? semver.parse(text, true) : null;
}
for (const line of require("fs").readFileSync(0, "utf8").split("\n")) {
  if (!line) continue;
  const [a, b] = line.split("\t");
  const [first, second] = [parsed(a), parsed(b)];
  out.push(first && second ? String(semver.compare(first, second)) : "x");
}
console.log(out.join("\n"));
