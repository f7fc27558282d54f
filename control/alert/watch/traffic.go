package watch

import (
	"time"

	"github.com/meridian-gtm/meridian/control/alert"
)

// TrafficEvents are the events that Traffic tells all of.
var TrafficEvents = []string{alert.TrafficAnomaly}

const (
	// Lately is what is judged, Before what it is held against. Five minutes are enough
	// that one burst of a cache is not an anomaly; an hour is the recent past.
	Lately = 5 * time.Minute
	Before = time.Hour
	// leastWindows of the past must be known.
	leastWindows = 6
	// ease is how much nearer to the usual an anomaly must come to be over.
	ease = 0.8
)

// Window is what an access domain was asked for in one stretch of Lately.
type Window struct {
	Queries, Empty uint64
}

// Series is an access domain's windows: the last one, and those before that are known,
// in any order.
type Series struct {
	Domain string
	Last   Window
	Past   []Window
}

// Traffic returns which access domains are asked for quite otherwise than in their recent
// past. was tells which have such an alert already.
func Traffic(list []Series, limits alert.Thresholds, was func(domain string) bool, own func(string) bool, now time.Time) (out []alert.Condition) {
	for _, s := range list {
		f, ok := s.judge(limits, was(s.Domain))
		if !ok {
			continue
		}
		f.Domains, f.Reaches = []string{s.Domain}, 1
		c := alert.Condition{Key: alert.Key{Event: alert.TrafficAnomaly, Kind: alert.OfDomain, Object: s.Domain}, Facts: f, Since: now.Add(-Lately)}
		if own != nil && own(s.Domain) {
			c.Domains = []string{s.Domain}
		}
		out = append(out, c)
	}
	return out
}

func (s *Series) judge(limits alert.Thresholds, already bool) (f alert.Facts, anomaly bool) {
	if len(s.Past) < leastWindows {
		return f, false
	}
	var sum, most, empty uint64
	least := ^uint64(0)
	for _, w := range s.Past {
		sum += w.Queries
		empty += w.Empty
		most, least = max(most, w.Queries), min(least, w.Queries)
	}
	seconds := Lately.Seconds()
	f.Rate, f.Usual = float64(s.Last.Queries)/seconds, float64(sum)/seconds/float64(len(s.Past))
	f.Empty, f.WasEmpty = share(s.Last.Empty, s.Last.Queries), share(empty, sum)
	factor, rise := limits.TrafficFactor, limits.TrafficEmpty
	if already {
		factor, rise = 1+(factor-1)*ease, rise*ease
	}
	switch {
	case f.Rate >= limits.TrafficFloor && f.Empty-f.WasEmpty >= rise:
		f.What = "more_empty_answers"
	// Beyond what any window of the past had as well: a name that is asked for in waves
	// is used to them.
	case f.Rate >= limits.TrafficFloor && f.Rate >= factor*f.Usual && s.Last.Queries > most:
		f.What = "more_queries"
	case f.Usual >= limits.TrafficFloor && f.Rate*factor <= f.Usual && (s.Last.Queries < least || already):
		f.What = "fewer_queries"
	default:
		return f, false
	}
	return f, true
}

func share(part, of uint64) float64 {
	if of == 0 {
		return 0
	}
	return float64(part) / float64(of)
}
