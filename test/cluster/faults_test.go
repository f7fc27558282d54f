package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The table of faults in the manual: each row is a test that calls fault. The long form
// writes the table with what it observed; every run holds the page to the tests.
const (
	faultPage  = "../../docs/manual/failures.md"
	faultBegin = "<!-- faults: written by make evidence, held by test/cluster -->\n"
	faultEnd   = "<!-- end of faults -->\n"
)

var faults struct {
	mu   sync.Mutex // guards the field below
	rows []faultRow
}

type faultRow struct{ what, promised, observed, test, file string }

// fault says that a test has shown what is promised under a fault. The page must
// promise the same in the same words.
func fault(t *testing.T, what, promised, observed string) {
	t.Helper()
	name, _, _ := strings.Cut(t.Name(), "/")
	_, file, _, _ := runtime.Caller(1)
	row := faultRow{what, promised, observed, name, filepath.Base(file)}
	note("fault: "+what, promised, observed)
	faults.mu.Lock()
	defer faults.mu.Unlock()
	if i := slices.IndexFunc(faults.rows, func(r faultRow) bool { return r.what == what }); i >= 0 {
		faults.rows[i] = row // an earlier part of the same test
	} else {
		faults.rows = append(faults.rows, row)
	}
	if long() {
		return // the page is about to be written
	}
	page, err := os.ReadFile(faultPage)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), fmt.Sprintf("| %s | %s |", what, promised)) {
		t.Errorf("docs/manual/failures.md has no row\n| %s | %s | … | [%s](../../test/cluster/%s) |", what, promised, row.test, row.file)
	}
}

// writeFaults puts what the tests of this run observed into the page; rows of other
// tests stay as they are.
func writeFaults() error {
	faults.mu.Lock()
	defer faults.mu.Unlock()
	page, err := os.ReadFile(faultPage)
	if err != nil {
		return fmt.Errorf("write faults: %w", err)
	}
	before, rest, ok := strings.Cut(string(page), faultBegin)
	old, after, ok2 := strings.Cut(rest, faultEnd)
	if !ok || !ok2 {
		return fmt.Errorf("write faults: %s has no place for them", faultPage)
	}
	lines := slices.DeleteFunc(strings.Split(old, "\n"), func(l string) bool {
		return !strings.Contains(l, "](../../test/cluster/") || slices.ContainsFunc(faults.rows, func(r faultRow) bool { return strings.HasPrefix(l, "| "+r.what+" |") })
	})
	for _, r := range faults.rows {
		lines = append(lines, fmt.Sprintf("| %s | %s | %s | [%s](../../test/cluster/%s) |", r.what, r.promised, r.observed, r.test, r.file))
	}
	slices.Sort(lines)
	table := "| Fault | Promised | Observed | Test |\n| --- | --- | --- | --- |\n" + strings.Join(lines, "\n") + "\n"
	return os.WriteFile(faultPage, []byte(before+faultBegin+table+faultEnd+after), 0o644)
}

// Every row of the page names a test that is there and calls fault with its words.
func TestTheTableOfFaultsIsHeldByTests(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(faultPage)
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), faultBegin)
	table, _, _ = strings.Cut(table, faultEnd)
	row := regexp.MustCompile(`(?m)^\| ([^|]+) \| ([^|]+) \| [^|]+ \| \[(Test\w+)\]\(\.\./\.\./test/cluster/(\w+\.go)\) \|$`)
	found := row.FindAllStringSubmatch(table, -1)
	if lines := strings.Count(table, "\n"); len(found) != lines-2 || len(found) < 20 {
		t.Fatalf("%d rows of %d lines can be read", len(found), lines)
	}
	for _, m := range found {
		text, err := os.ReadFile(m[4])
		if err != nil {
			t.Errorf("row %q: %v", m[1], err)
			continue
		}
		for _, part := range []string{"func " + m[3] + "(", fmt.Sprintf("fault(t, %q, %q,", m[1], m[2])} {
			if !strings.Contains(string(text), part) {
				t.Errorf("row %q: %s does not hold %s", m[1], m[4], part)
			}
		}
	}
}
