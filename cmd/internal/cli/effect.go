package cli

import (
	"fmt"
	"strings"

	"github.com/meridian-gtm/meridian/traffic/steer"
)

// emptyShown bounds the names in the warning; all stand in the list below it.
const emptyShown = 5

// printEffect shows what clients would get otherwise than now; past: what they got
// otherwise, with all tasks good.
func (a *app) printEffect(e *steer.Effect, past bool) {
	if e.Empty > 0 {
		var names []string
		for _, n := range e.Names {
			if n.Change == steer.GoesEmpty && len(names) < emptyShown {
				names = append(names, n.Name+" "+n.Type)
			}
		}
		if more := e.Empty - len(names); more > 0 {
			names = append(names, fmt.Sprintf("%d more", more))
		}
		would := map[bool]string{false: "would go", true: "went"}[past]
		fmt.Fprintf(a.err, "warning: %s %s empty, with nothing or only the last resort to answer: %s\n", plural(e.Empty, "access domain"), would, strings.Join(names, ", "))
	}
	if len(e.Names)+len(e.Lines)+len(e.Records)+e.Unchanged == 0 && !e.NewMap {
		fmt.Fprintln(a.out, "No access domain is reached; answers stay as they are.")
		return
	}
	by := map[bool]string{false: "by health as it is now", true: "with all tasks good"}[past]
	fmt.Fprintf(a.out, "\nEffect on answers, %s:\n", by)
	for _, n := range e.Names {
		how := map[string]string{steer.GoesEmpty: "! %s %s goes empty%s\n", steer.Disappears: "- %s %s is not answered any more%s\n", steer.Appears: "+ %s %s is answered%s\n"}[n.Change]
		if how == "" {
			how = "~ %s %s%s\n"
		}
		fmt.Fprintf(a.out, how, n.Name, n.Type, asked(n.Queries, ", %s in the last hour"))
		same := 0
		for _, c := range n.Classes {
			switch {
			case !c.Changed:
				same++
			case c.Before == nil:
				fmt.Fprintf(a.out, "    %s%s: %s\n", c.Line, asked(c.Queries, " (%s)"), outcome(c.After))
			case c.After == nil:
				fmt.Fprintf(a.out, "    %s%s: was %s\n", c.Line, asked(c.Queries, " (%s)"), outcome(c.Before))
			default:
				fmt.Fprintf(a.out, "    %s%s: %s -> %s\n", c.Line, asked(c.Queries, " (%s)"), outcome(c.Before), outcome(c.After))
			}
		}
		if same > 0 {
			fmt.Fprintf(a.out, "    %s as before\n", plural(same, "other line"))
		}
	}
	if !past && !e.Weighted && len(e.Names) > 0 {
		fmt.Fprintln(a.out, "  How often these are asked for is not known: no resolver has reported in the last hour.")
	}
	if e.Omitted > 0 {
		fmt.Fprintf(a.out, "  and %d more change.\n", e.Omitted)
	}
	for _, l := range e.Lines {
		fmt.Fprintf(a.out, "line %s gets or loses clients; %s by it\n", l.Line, plural(l.Names, "access domain")+map[bool]string{true: " chooses", false: " choose"}[l.Names == 1])
	}
	if e.NewMap {
		fmt.Fprintln(a.out, "the location map changes; clients may move between lines")
	}
	for _, r := range e.Records {
		fmt.Fprintf(a.out, "record %s is %s\n", r.Record, map[bool]string{true: "hidden", false: "answered again"}[r.Hidden])
	}
	distance := ""
	if e.ByDistance > 0 {
		distance = fmt.Sprintf(" (%d by distance, where clients of some places may get others)", e.ByDistance)
	}
	fmt.Fprintf(a.out, "%d answered otherwise, %d of them empty; %d reached and as before%s.\n", len(e.Names)+e.Omitted, e.Empty, e.Unchanged, distance)
}

// asked puts a number of real queries into a phrase; nothing where it is not known.
func asked(n *uint64, phrase string) string {
	if n == nil {
		return ""
	}
	if *n == 1 {
		return fmt.Sprintf(phrase, "1 query")
	}
	return fmt.Sprintf(phrase, fmt.Sprintf("%d queries", *n))
}

// outcome says in one line what may be answered.
func outcome(o *steer.Outcome) string {
	if len(o.Pools) == 0 {
		return "NODATA (" + o.Reason + ")"
	}
	var pools []string
	for _, p := range o.Pools {
		var list []string
		for _, v := range p.Addresses {
			if v.Weight > 0 {
				list = append(list, fmt.Sprintf("%s weight %d", v.Value, v.Weight))
			} else {
				list = append(list, v.Value)
			}
		}
		s := p.Pool + " [" + strings.Join(list, ", ") + "]"
		if p.Answers < len(list) {
			s += fmt.Sprintf(" %d at a time", p.Answers)
		}
		if p.Weight > 0 {
			s += fmt.Sprintf(" weight %d", p.Weight)
		}
		pools = append(pools, s)
	}
	s := strings.Join(pools, " or ")
	switch {
	case o.Basis == steer.LastResort:
		s = "last resort: " + s
	case o.Basis == steer.Unmatched:
		s = "for want of a matching line: " + s
	case o.Rule == steer.Rotate.String():
		s = "in turn " + s
	case o.Rule == steer.Draw.String():
		s = "drawn " + s
	}
	return fmt.Sprintf("%s ttl %d", s, o.TTL)
}
