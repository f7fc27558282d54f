package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// evidence is what the tests measured, in the long form only.
var evidence record

// long reports whether the long form runs, which holds times to their bounds.
func long() bool { return os.Getenv("MERIDIAN_EVIDENCE") != "" }

// times returns how often a round is done: short in `make test`, more for evidence.
func times(short, more int) int {
	if long() {
		return more
	}
	return short
}

type record struct {
	mu   sync.Mutex // guards the field below
	rows []row
}

type row struct{ what, promised, measured string }

// note writes a figure down; promised "" is a figure without a promise.
func note(what, promised, measured string) {
	evidence.mu.Lock()
	defer evidence.mu.Unlock()
	evidence.rows = append(evidence.rows, row{what, promised, measured})
}

// bound writes measured times down, and in the long form holds them to their limit.
func bound(t *testing.T, what string, limit time.Duration, measured ...time.Duration) {
	t.Helper()
	slices.Sort(measured)
	worst := measured[len(measured)-1]
	text := fmt.Sprintf("%v", worst.Round(time.Millisecond))
	if len(measured) > 1 {
		text = fmt.Sprintf("%v worst, %v median of %d", worst.Round(time.Millisecond), measured[len(measured)/2].Round(time.Millisecond), len(measured))
	}
	note(what, "at most "+limit.String(), text)
	t.Logf("%s: %s (at most %v)", what, text, limit)
	if long() && worst > limit {
		t.Errorf("%s: took %v, promised %v", what, worst, limit)
	}
}

// write makes the dated record.
func (r *record) write(passed bool) error {
	path := os.Getenv("MERIDIAN_EVIDENCE")
	if path == "" {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Evidence, %s\n\n", strings.TrimSuffix(filepath.Base(path), ".md"))
	fmt.Fprintf(&b, "Written by `make evidence` (test/cluster in its long form): processes of the real program on one machine.\n\n")
	fmt.Fprintf(&b, "- commit: %s\n- machine: %s, %d cores, %s\n- load average at the end: %s\n- %s\n\n", commit(), cpu(), runtime.NumCPU(), memory(), firstWords("/proc/loadavg", 3), runtime.Version())
	if !passed {
		b.WriteString("**A test failed in this run.**\n\n")
	}
	b.WriteString("| what | promised | measured |\n| --- | --- | --- |\n")
	slices.SortFunc(r.rows, func(a, b row) int { return strings.Compare(a.what, b.what) })
	for _, e := range r.rows {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", e.what, e.promised, e.measured)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	return nil
}

func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

func cpu() string { return field("/proc/cpuinfo", "model name") }

func memory() string { return field("/proc/meminfo", "MemTotal") }

func field(path, key string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

func firstWords(path string, n int) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(b))[:n], " ")
}
