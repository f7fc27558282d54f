package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/spf13/cobra"
)

func (a *app) statusCommand() *cobra.Command {
	var form string
	c := &cobra.Command{Use: "status", GroupID: "look", Short: "Show the installation at a glance: revision, nodes, health, alarms", Args: exactly(0),
		Example: "  meridian status\n  meridian status -o json"}
	outputFlag(c, &form, "text", "json", "yaml")
	c.RunE = a.shows("/status", &form, func(server string, raw json.RawMessage) error {
		var s struct {
			Version  string               `json:"version"`
			Started  time.Time            `json:"started"`
			Store    string               `json:"store"`
			Position traffic.Position     `json:"position"`
			Objects  map[traffic.Kind]int `json:"objects"`
			Controls []control.Process    `json:"controls"`
			Nodes    struct {
				Known, Present, Ready, Current, Differ, Resolvers int
			} `json:"nodes"`
			Vantages map[string]int `json:"vantages"`
			Tasks    map[string]int `json:"tasks"`
			Alarms   []struct {
				Node string `json:"node"`
				Text string `json:"text"`
			} `json:"alarms"`
			GeoMap    string `json:"geo_map"`
			Overrides []struct {
				steer.Ordered
				State       string    `json:"state"`
				CachedUntil time.Time `json:"cached_until"`
			} `json:"overrides"`
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			return fmt.Errorf("read the server's answer: %w", err)
		}
		tw := tabwriter.NewWriter(a.out, 2, 0, 2, ' ', 0)
		fmt.Fprintf(tw, "Server:\t%s, release %s, up %s\n", server, s.Version, time.Since(s.Started).Round(time.Second))
		fmt.Fprintf(tw, "Store:\t%s\n", s.Store)
		fmt.Fprintf(tw, "Revision:\t%d (epoch %d)\n", s.Position.Revision, s.Position.Epoch)
		var objects []string
		for _, k := range traffic.Kinds {
			if n := s.Objects[k]; n > 0 && k != traffic.KindSettings {
				objects = append(objects, plural(n, strings.ReplaceAll(string(k), "_", " ")))
			}
		}
		fmt.Fprintf(tw, "Objects:\t%s\n", first(strings.Join(objects, ", "), "none yet"))
		if len(s.Controls) > 1 {
			for _, p := range s.Controls {
				fmt.Fprintf(tw, "Control:\t%s, API %s, release %s, %s\n", p.Node, p.API, p.Version, controlState(p))
			}
		}
		fmt.Fprintf(tw, "Nodes:\t%d known, %d heard, %d ready, %d at this revision\n", s.Nodes.Known, s.Nodes.Present, s.Nodes.Ready, s.Nodes.Current)
		if s.Nodes.Differ > 0 {
			fmt.Fprintf(tw, "Verdicts:\t%d of %d resolvers differ from the others\n", s.Nodes.Differ, s.Nodes.Resolvers)
		}
		fmt.Fprintf(tw, "Vantages:\t%s\n", tally(s.Vantages))
		fmt.Fprintf(tw, "Health tasks:\t%s\n", tally(s.Tasks))
		fmt.Fprintf(tw, "Location map:\t%s\n", first(s.GeoMap, "none; only default and custom lines work"))
		for _, o := range s.Overrides {
			fmt.Fprintf(tw, "OVERRIDE:\t%s; %s\n", ordered(&o.Ordered), first(stateText(o.State, o.CachedUntil), "how far it has come is not known now"))
		}
		for _, al := range s.Alarms {
			fmt.Fprintf(tw, "ALARM:\t%s: %s\n", al.Node, oneLine(al.Text))
		}
		return tw.Flush()
	})
	return c
}

func plural(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "ss"):
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func tally(m map[string]int) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%d %s", m[k], k))
	}
	return first(strings.Join(out, ", "), "none")
}

// controlState says what one of several control processes does.
func controlState(p control.Process) string {
	switch {
	case p.Lost:
		return "not seen for " + p.Silent.String()
	case p.Leads:
		return "leads"
	}
	return "stands by for events, location data, expiry and retention; serves the API"
}
