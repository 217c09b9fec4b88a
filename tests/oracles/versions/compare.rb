# Reads "a<TAB>b" lines; prints -1, 0 or 1 by Gem::Version, x if one is invalid.
STDIN.each_line(chomp: true) do |line|
  a, b = line.split("\t")
  valid = Gem::Version.correct?(a) && Gem::Version.correct?(b)
  puts(valid ? (Gem::Version.new(a) <=> Gem::Version.new(b)) : "x")
end
