package alert

import (
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a control process may run where the system has no zones
)

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (q *QuietHours) check(p *problems) {
	from, okFrom := clock(q.From)
	until, okUntil := clock(q.Until)
	if !okFrom {
		p.add("quiet_hours.from", "invalid_value", "is %q; it must be a time of day like 22:00", q.From)
	}
	if !okUntil {
		p.add("quiet_hours.until", "invalid_value", "is %q; it must be a time of day like 07:00", q.Until)
	}
	if okFrom && okUntil && from == until {
		p.add("quiet_hours.until", "invalid_value", "is the same as from; give another time")
	}
	for _, d := range q.Days {
		if !slices.Contains(weekdays, d) {
			p.add("quiet_hours.days", "invalid_value", "has %q; use %s", d, strings.Join(weekdays, ", "))
		}
	}
	if _, err := time.LoadLocation(q.Zone); err != nil || q.Zone == "" || q.Zone == "Local" {
		p.add("quiet_hours.time_zone", "invalid_value", "%q is no time zone; use a name like Asia/Shanghai, Europe/Berlin or UTC", q.Zone)
	}
	if q.LetThrough != "none" && !slices.Contains(severities, q.LetThrough) {
		p.add("quiet_hours.let_through", "invalid_value", "is %q; use warning, error, critical or none", q.LetThrough)
	}
}

// clock reads HH:MM as minutes since midnight.
func clock(s string) (minutes int, ok bool) {
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil && len(s) == 5
}

// Until returns when a message of a severity may go out: now, or at the end of the quiet
// hours that it falls into.
func (q *QuietHours) until(now time.Time, severity string) time.Time {
	if !q.Enabled || q.LetThrough != "none" && atLeast(severity, q.LetThrough) {
		return now
	}
	zone, err := time.LoadLocation(q.Zone)
	from, okFrom := clock(q.From)
	until, okUntil := clock(q.Until)
	if err != nil || !okFrom || !okUntil {
		return now // checked when it was set
	}
	local := now.In(zone)
	// Those that began today, or yesterday and last over midnight. The wall clock counts:
	// where the clocks change at night they last an hour more or less.
	for _, back := range []int{0, 1} {
		y, m, d := local.AddDate(0, 0, -back).Date()
		if len(q.Days) > 0 && !slices.Contains(q.Days, weekdays[time.Date(y, m, d, 12, 0, 0, 0, zone).Weekday()]) {
			continue
		}
		begin := time.Date(y, m, d, from/60, from%60, 0, 0, zone)
		over := 0
		if until <= from {
			over = 1
		}
		end := time.Date(y, m, d+over, until/60, until%60, 0, 0, zone)
		if !now.Before(begin) && now.Before(end) {
			return end
		}
	}
	return now
}
