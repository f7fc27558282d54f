package alert

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
)

// Rules are all that people have set, as of one moment.
type Rules struct {
	Settings  Settings
	version   uint64              // of Settings
	Overrides map[string]Override // by NAME/TYPE
	versions  map[string]uint64
	channels  map[string]*stored
	Mutes     []store.AlertMute
}

// route returns the channels that are told of a condition, in order. An access domain
// with rules of its own has the say over itself; those without share the settings.
func (r *Rules) route(c *Condition) []string {
	told := map[string]bool{}
	names := r.names()
	use := func(e Effective) {
		if e.Off || !slices.Contains(e.Events, c.Event) {
			return
		}
		list := e.Channels
		if len(list) == 0 {
			list = names
		}
		for _, n := range list {
			if ch := r.channels[n]; ch != nil && *ch.Enabled && atLeast(c.severity(), ch.MinSeverity) && (len(ch.Events) == 0 || slices.Contains(ch.Events, c.Event)) {
				told[n] = true
			}
		}
	}
	shared := len(c.Domains) == 0
	for _, d := range c.Domains {
		if o, own := r.Overrides[d]; own && d != "" {
			use(r.Settings.effective(d, &o))
		} else {
			shared = true
		}
	}
	if shared {
		use(r.Settings.effective("", nil))
	}
	out := make([]string, 0, len(told))
	for n := range told {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

func (r *Rules) names() []string {
	out := make([]string, 0, len(r.channels))
	for n := range r.channels {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// muted returns the mute that an alert falls under at a time, nil for none.
func (r *Rules) muted(k Key, f *Facts, at time.Time) *store.AlertMute {
	for i := range r.Mutes {
		m := &r.Mutes[i]
		if !m.EndsAt.After(at) || m.Event != "" && m.Event != k.Event {
			continue
		}
		same := (m.Kind == "" || m.Kind == k.Kind) && (m.Object == "" || m.Object == k.Object)
		// Whoever mutes an access domain means what reaches nothing else.
		within := m.Kind == OfDomain && f.Reaches == 1 && len(f.Domains) == 1 && f.Domains[0] == m.Object
		if same || within {
			return m
		}
	}
	return nil
}

// due is when an entry may be told: after what belongs to it has come, and after quiet
// hours.
func (r *Rules) due(now time.Time, severity string) time.Time {
	return r.Settings.Quiet.until(now.Add(time.Duration(r.Settings.GroupWait)), severity)
}

// DomainKey is the key of an access domain's rules in the store.
func domainKey(domain string) string { return "domain/" + domain }

func domainOf(key string) (domain string, ok bool) { return strings.CutPrefix(key, "domain/") }

// Own is a text that changes when access domains get or lose rules of their own.
func (r *Rules) Own() string {
	var b strings.Builder
	for _, d := range slices.Sorted(maps.Keys(r.versions)) {
		fmt.Fprintf(&b, "%s=%d ", d, r.versions[d])
	}
	return b.String()
}
