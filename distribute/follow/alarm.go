package follow

import (
	"fmt"
	"slices"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/said"
)

// alarmKind names what is wrong; there is at most one sentence for each.
type alarmKind int

const (
	alarmDisk alarmKind = iota
	alarmSignature
	alarmFormat
	alarmDamage
	alarmChain
	alarmApply
	alarmSkew
	alarmKinds
)

// refusals are the kinds that mean that something was not taken over, by name.
var refusals = map[alarmKind]string{alarmSignature: "signature", alarmFormat: "format", alarmDamage: "damage", alarmChain: "chain", alarmApply: "apply", alarmDisk: "disk"}

type alarms [alarmKinds]struct {
	text string
	at   time.Time
}

const (
	// shownFor is how long an alarm about something that came from outside stays after
	// it was last seen: such a message goes by, and an operator should still find it.
	shownFor = 10 * time.Minute
	// silentFor and behindAlarm are well above what a restart of control or of a message
	// server takes.
	silentFor   = 15 * time.Second
	behindAlarm = 10 * time.Second
	freshFor    = 10 * time.Second
	// maxSkew is the one of design 5.6.
	maxSkew = 5 * time.Second
)

func (f *Follower) raise(k alarmKind, text string) {
	f.mu.Lock()
	fresh := f.alarms[k].text != text
	f.alarms[k].text, f.alarms[k].at = text, time.Now()
	f.refused[k]++
	f.mu.Unlock()
	if fresh {
		f.log.Error("alarm", "text", text)
	}
}

func (f *Follower) clear(k alarmKind) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.alarms[k].text = ""
}

// Alarms says what is wrong now, in sentences; nil when all is well.
func (f *Follower) Alarms() []string {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for k, a := range f.alarms {
		passing := slices.Contains([]alarmKind{alarmSignature, alarmFormat, alarmDamage, alarmChain}, alarmKind(k))
		if a.text != "" && !(passing && now.Sub(a.at) > shownFor) {
			out = append(out, a.text)
		}
	}
	if !f.since.IsZero() {
		heard := f.headAt
		if heard.Before(f.since) {
			heard = f.since
		}
		if silent := now.Sub(heard); silent > silentFor {
			out = append(out, saidSilent.With(silent.Round(time.Second)).String())
		}
	}
	if !f.behind.IsZero() && now.Sub(f.behind) > behindAlarm {
		out = append(out, saidBehind.With(f.head.Position, now.Sub(f.behind).Round(time.Second), nameOf(f.pos, f.have)).String())
	}
	return out
}

var (
	saidSilent = said.New("alarm.control_silent", "nothing heard from control for {duration}; serving what is here")
	saidBehind = said.New("alarm.behind", "control has published {published}, in use for {duration} longer is {used}")
)

func nameOf(p traffic.Position, have bool) string {
	if !have {
		return "nothing"
	}
	return p.String()
}

// noteSkew compares control's clock with ours. It is the only use of the other's
// clock, and it decides nothing.
func (f *Follower) noteSkew(now, sent time.Time) {
	if sent.IsZero() {
		return
	}
	skew := now.UTC().Sub(sent)
	if skew.Abs() <= maxSkew {
		f.clear(alarmSkew)
		return
	}
	// Rounded coarsely, so that the text does not change with every announcement.
	f.raise(alarmSkew, fmt.Sprintf("the clocks of this node and of control differ by about %s; check time synchronisation", skew.Abs().Round(5*time.Second)))
}
