package said

import (
	"slices"
	"strconv"
	"strings"
)

// Of finds the sentence that a text was made from, nil for none. Texts travel between
// machines and lie in databases as they were said; where they leave for people they get
// their code back. The text was made by the very template that is looked for, so both
// still have one source; a text of another release that has no template here stays text.
func Of(text string) *Said {
	if s, ok := recognise(text, 0); ok {
		return &s
	}
	return nil
}

// deepest bounds sentences within sentences.
const deepest = 4

// recognise takes, of the templates that give the text again, one that begins with words of
// its own before those that begin with a place, which can swallow another sentence; then
// the one with the most fixed text.
func recognise(text string, depth int) (best Said, ok bool) {
	if text == "" || depth == deepest {
		return Said{}, false
	}
	most := -1
	for _, t := range candidates(text) {
		weight := t.letters
		if t.fixed[0] != "" {
			weight += anchored
		}
		if weight <= most {
			continue
		}
		if s, fits := t.match(text, depth); fits {
			best, most = s, weight
		}
	}
	return best, most >= 0
}

// anchored is more than the letters of any sentence.
const anchored = 1 << 20

// fewest is the least fixed text by which a template is recognised: one that is little
// but places would fit everything.
const fewest = 6

// byFirst are the templates by the first byte of their fixed text, 0 for those that begin
// with a place. It is made anew when a template came since.
var byFirst struct {
	of    int // how many templates it was made of; those that take another's place are equal
	lists [256][]*Template
}

func candidates(text string) []*Template {
	mu.Lock()
	defer mu.Unlock()
	if byFirst.of != len(all) {
		byFirst.lists = [256][]*Template{}
		for _, t := range all {
			if t.letters < fewest && len(t.names) > 0 {
				continue
			}
			first := byte(0)
			if t.fixed[0] != "" {
				first = t.fixed[0][0]
			}
			byFirst.lists[first] = append(byFirst.lists[first], t)
		}
		for _, list := range byFirst.lists { // of two that fit as well the same one always
			slices.SortFunc(list, func(a, b *Template) int { return strings.Compare(a.Code, b.Code) })
		}
		byFirst.of = len(all)
	}
	a, b := byFirst.lists[text[0]], byFirst.lists[0]
	return append(a[:len(a):len(a)], b...)
}

// match reads a text as one of the template's, and says it again to be sure.
func (t *Template) match(text string, depth int) (Said, bool) {
	rest, found := strings.CutPrefix(text, t.fixed[0])
	if len(t.names) == 0 {
		return Said{t: t}, found && rest == ""
	}
	last := t.fixed[len(t.fixed)-1]
	if !found || !strings.HasSuffix(rest, last) {
		return Said{}, false
	}
	args := make([]any, len(t.names))
	for i := range t.names {
		next := t.fixed[i+1]
		var value string
		switch {
		case t.verbs[i] == 'q':
			q, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return Said{}, false
			}
			value, _ = strconv.Unquote(q)
			if rest, found = strings.CutPrefix(rest[len(q):], next); !found {
				return Said{}, false
			}
		case i == len(t.names)-1:
			value, rest = strings.TrimSuffix(rest, last), ""
		case next == "":
			return Said{}, false // two places side by side
		default:
			if value, rest, found = strings.Cut(rest, next); !found {
				return Said{}, false
			}
		}
		args[i] = any(value)
		if t.verbs[i] == 's' {
			if inner, ok := recognise(value, depth+1); ok {
				args[i] = inner
			}
		} else if n, err := strconv.Atoi(value); err == nil && strconv.Itoa(n) == value {
			args[i] = n
		}
	}
	s := Said{t: t, args: args}
	return s, rest == "" && s.String() == text
}
