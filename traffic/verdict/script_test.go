package verdict

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the scripts with what the rules say now")

// TestScripts plays behaviour over time. A script is read by people, so its lines
// are sentences:
//
//	template evaluation=2 recovery=2 rate=50
//	vantages hz bj gz
//	hz bad bad        -> hz failed, task up (1 of 3 failed)
//	hz lost | hz back | hz isolated | hz restart | edit
//
// What stands after "->" is checked, and rewritten by -update for a review as text.
func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			was, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			is := play(t, string(was))
			if is == string(was) {
				return
			}
			if *update {
				if err := os.WriteFile(file, []byte(is), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			for i, l := range strings.Split(is, "\n") {
				if w := strings.Split(string(was), "\n"); i >= len(w) || w[i] != l {
					t.Fatalf("line %d is now\n\t%s\nrun with -update and review the change", i+1, l)
				}
			}
		})
	}
}

type stage struct {
	evaluation, recovery, rate int
	order                      []string
	counters                   map[string]*Counter
	silent                     map[string]string
	v                          Verdict
}

func play(t *testing.T, script string) string {
	s := stage{evaluation: 2, recovery: 2, rate: 50, counters: map[string]*Counter{}, silent: map[string]string{}}
	var out strings.Builder
	lines := bufio.NewScanner(strings.NewReader(script))
	for lines.Scan() {
		text, comment, _ := strings.Cut(lines.Text(), "#")
		if comment != "" {
			comment = "#" + comment
		}
		act, _, _ := strings.Cut(text, "->")
		act = strings.TrimSpace(act)
		words := strings.Fields(act)
		if len(words) == 0 {
			out.WriteString(strings.TrimSpace(comment) + "\n")
			continue
		}
		said := s.step(t, words)
		line := act
		if said != "" {
			line = fmt.Sprintf("%-24s -> %s", act, said)
		}
		if comment != "" {
			line += "   " + comment
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

func (s *stage) step(t *testing.T, words []string) string {
	switch words[0] {
	case "template":
		for _, w := range words[1:] {
			k, val, _ := strings.Cut(w, "=")
			n, err := strconv.Atoi(val)
			if err != nil {
				t.Fatalf("%v: %v", words, err)
			}
			switch k {
			case "evaluation":
				s.evaluation = n
			case "recovery":
				s.recovery = n
			case "rate":
				s.rate = n
			default:
				t.Fatalf("unknown word %q", k)
			}
		}
		return ""
	case "vantages":
		s.order = words[1:]
		for _, w := range s.order {
			s.counters[w] = &Counter{}
		}
		return ""
	case "edit": // of what is probed: every vantage starts over
		for _, c := range s.counters {
			c.Restart()
		}
		return s.judge("")
	}
	name := words[0]
	c := s.counters[name]
	if c == nil {
		t.Fatalf("%q is not a vantage", name)
	}
	for _, w := range words[1:] {
		switch w {
		case "good", "bad":
			c.Observe(w == "good", s.evaluation, s.recovery)
		case "lost", "isolated":
			s.silent[name] = w
		case "back":
			delete(s.silent, name)
		case "restart":
			c.Restart()
		default:
			t.Fatalf("unknown word %q", w)
		}
	}
	return s.judge(name)
}

func (s *stage) judge(name string) string {
	var fs []Finding
	for _, n := range s.order {
		if s.silent[n] == "" {
			fs = append(fs, s.counters[n].Finding())
		}
	}
	slices.Sort(fs)
	s.v = Judge(s.v, len(s.order), fs, s.rate)
	said := fmt.Sprintf("task %v (%d of %d failed, %d selected)", s.v.State, s.v.Failed, s.v.Voting, s.v.Selected)
	if s.v.Stale {
		said += " stale"
	}
	if name != "" {
		f := s.counters[name].Finding().String()
		if w := s.silent[name]; w != "" {
			f = w
		}
		said = name + " " + f + ", " + said
	}
	return said
}
