// Package meant guesses which known word somebody meant to write, for the "did you
// mean" of error messages.
package meant

import "strings"

// Of returns the known word that was probably meant, "" when none is near. Case,
// hyphens and plurals are the usual slips, then single letters. Words over 64 bytes
// are nobody's slip.
func Of(got string, known []string) string {
	if len(got) > 64 {
		return ""
	}
	best, near := "", 3
	for _, k := range known {
		if plain(k) == plain(got) {
			return k
		}
		if d := distance(plain(got), plain(k)); d < near && d*3 <= len(k) {
			best, near = k, d
		}
	}
	return best
}
func plain(s string) string {
	return strings.TrimSuffix(strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(s)), "s")
}

// distance is the Levenshtein distance in bytes; the field names are ASCII.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = min(diagonal, row[j], row[j+1]) + 1
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
