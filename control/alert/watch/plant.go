package watch

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/alert"
)

// PlantEvents are the events that Plant tells all of.
var PlantEvents = []string{alert.NodeGone, alert.NodeLagging, alert.NodeAlarm, alert.DataStale, alert.CertificateExpiring, alert.GeoDataOld}

// Plant is the state of the installation itself at one moment.
type Plant struct {
	Now      time.Time
	Limits   alert.Thresholds
	Nodes    []control.Node
	Vantages []control.Vantage
	Tasks    []control.TaskHealth
	// HeldFor is for how long some verdicts have held for want of votes without a break.
	HeldFor time.Duration
	// History is why history is not written, "" if it is.
	History string
	// StatsMissing: resolvers are there, and nothing has come of what they count.
	StatsMissing bool
	// GeoAge is how old the location data is, and GeoAsked how long ago somebody looked for
	// newer; negative when there is none.
	GeoAge, GeoAsked time.Duration
	// Told are alarms of nodes that stand for something else of the above.
	Told []string
}

// Conditions returns what is wrong.
func (p *Plant) Conditions() (out []alert.Condition) {
	add := func(event, kind, object string, f alert.Facts, ago time.Duration) *alert.Condition {
		c := alert.Condition{Key: alert.Key{Event: event, Kind: kind, Object: object}, Facts: f, Since: p.Now.Add(-ago)}
		c.Facts.Seconds = int64(ago / time.Second)
		out = append(out, c)
		return &out[len(out)-1]
	}
	ends := map[string]time.Time{}
	for _, n := range p.Nodes {
		silent := time.Duration(n.Silent)
		switch {
		case n.State == "invited": // never heard since control started: it may be new
			continue
		case silent >= time.Duration(p.Limits.NodeGone):
			add(alert.NodeGone, alert.OfNode, n.ID, alert.Facts{}, silent)
			continue
		case !n.Present():
			continue
		}
		if late := time.Duration(n.BehindFor); n.Behind > 0 && late >= time.Duration(p.Limits.NodeLagging) {
			add(alert.NodeLagging, alert.OfNode, n.ID, alert.Facts{Behind: n.Behind}, late)
		}
		alarms := slices.DeleteFunc(slices.Clone(n.Alarms), func(a string) bool {
			// A vantage that abstains and history have alerts of their own.
			return slices.Contains(p.Told, a) || strings.HasPrefix(a, "this vantage abstains")
		})
		if len(alarms) > 0 {
			add(alert.NodeAlarm, alert.OfNode, n.ID, alert.Facts{Alarms: alarms}, 0)
		}
		for _, c := range n.Certificates {
			ends[n.ID+": "+c.File] = c.EndsAt
		}
	}
	p.certificates(ends, add)
	p.stale(add)
	// Data that is old though somebody looks for newer is as new as there is.
	if limit := time.Duration(p.Limits.GeoDays) * 24 * time.Hour; p.GeoAge >= limit && p.GeoAsked >= limit {
		add(alert.GeoDataOld, alert.OfGeo, alert.OfGeo, alert.Facts{Days: int(p.GeoAge / (24 * time.Hour))}, p.GeoAsked-limit)
	}
	return out
}

type adder func(event, kind, object string, f alert.Facts, ago time.Duration) *alert.Condition

// grave is when a certificate that ends soon becomes an error.
const grave = 3 * 24 * time.Hour

func (p *Plant) certificates(ends map[string]time.Time, add adder) {
	for where, at := range ends {
		left := at.Sub(p.Now)
		if left >= time.Duration(p.Limits.CertificateDays)*24*time.Hour {
			continue
		}
		c := add(alert.CertificateExpiring, alert.OfCertificate, where, alert.Facts{EndsAt: at, Days: int(math.Floor(left.Hours() / 24))}, 0)
		if left < grave {
			c.Severity = alert.Error
		}
	}
	// What probes say of certificates: they tell that one is bad, not when it ends.
	for _, t := range p.Tasks {
		for _, f := range t.Findings {
			if f.Code == expired && f.Finding == "failed" {
				add(alert.CertificateExpiring, alert.OfCertificate, t.TaskKey.String(), alert.Facts{Reason: f.Vantage + ": " + f.Reason}, 0)
				break
			}
		}
	}
}

// expired is the code of probes for a certificate that has ended or ends too soon.
const expired = "expired"

func (p *Plant) stale(add adder) {
	least := time.Duration(p.Limits.DataStale)
	for _, v := range p.Vantages {
		what := map[string]string{"lost": "vantage_lost", "isolated": "vantage_isolated"}[v.State]
		ago := time.Duration(0)
		if v.State == "lost" {
			if ago = time.Duration(v.Silent); ago < least {
				continue
			}
		}
		if what != "" {
			c := add(alert.DataStale, alert.OfVantage, v.ID, alert.Facts{What: what, Reason: v.Reason, Count: v.Tasks}, ago)
			c.Severity = alert.Warning // the others still judge
		}
	}
	held := 0
	var some []string
	for _, t := range p.Tasks {
		if t.Stale {
			held++
			if len(some) < alert.MostMembers {
				some = append(some, t.TaskKey.String())
			}
		}
	}
	if held > 0 && p.HeldFor >= least {
		add(alert.DataStale, alert.OfVerdicts, alert.OfVerdicts, alert.Facts{What: "verdicts_held", Count: held, Members: some}, p.HeldFor)
	}
	switch {
	case p.History != "":
		add(alert.DataStale, alert.OfStatistics, alert.OfStatistics, alert.Facts{What: "history_not_written", Reason: p.History}, 0)
	case p.StatsMissing:
		add(alert.DataStale, alert.OfStatistics, alert.OfStatistics, alert.Facts{What: "statistics_missing"}, 0)
	}
}
