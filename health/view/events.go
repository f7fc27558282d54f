package view

import (
	"maps"
	"slices"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// Event is a transition: of a task (unknown, up, down) or of a vantage (unknown,
// heard, isolated, lost, forgotten). Exactly one of Task.Address and Vantage is set.
type Event struct {
	At      time.Time       `json:"at"`
	Task    traffic.TaskKey `json:"task,omitzero"`
	Vantage string          `json:"vantage,omitempty"`
	From    string          `json:"from"`
	To      string          `json:"to"`
	Cause   string          `json:"cause,omitempty"` // a sentence for people
	// Findings of a task's vantages at that moment, by id.
	Findings []FindingStatus `json:"-"`
}

func (v *View) eventLocked(e Event) {
	if len(v.events) >= 2*maxEvents {
		v.events = slices.Clone(v.events[len(v.events)-maxEvents:])
	}
	v.events = append(v.events, e)
	v.news = append(v.news, e)
	v.poke()
}

// Events returns the last transitions, oldest first.
func (v *View) Events() []Event {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return slices.Clone(v.events[max(0, len(v.events)-maxEvents):])
}

// maxNamed is how many vantages a cause names; more would fill the screen.
const maxNamed = 3

// causeLocked says in a sentence why a verdict is what it is.
func (v *View) causeLocked(t *task) string {
	var why []any
	named := 0
	for _, s := range t.sel.sources {
		if f, ok := s.vote(&t.Task); ok && f == verdict.Failed {
			if named == maxNamed {
				return saidVotes[maxNamed+1].With(append(append([]any{t.v.Failed, t.v.Voting}, why...), t.v.Failed-maxNamed)...).String()
			}
			why = append(why, s.id, s.obs[t.Key].Reason)
			named++
		}
	}
	return saidVotes[named].With(append([]any{t.v.Failed, t.v.Voting}, why...)...).String()
}

// saidVotes says why a verdict is what it is, with none to maxNamed vantages by name; the
// last says that there are more.
var saidVotes = [maxNamed + 2]*said.Template{
	said.New("cause.votes", "{failed} of {voting} voting vantages call it failed"),
	said.New("cause.votes_1", "{failed} of {voting} voting vantages call it failed ({v1}: {why1:s})"),
	said.New("cause.votes_2", "{failed} of {voting} voting vantages call it failed ({v1}: {why1:s}; {v2}: {why2:s})"),
	said.New("cause.votes_3", "{failed} of {voting} voting vantages call it failed ({v1}: {why1:s}; {v2}: {why2:s}; {v3}: {why3:s})"),
	said.New("cause.votes_more", "{failed} of {voting} voting vantages call it failed ({v1}: {why1:s}; {v2}: {why2:s}; {v3}: {why3:s}; and {more} more)"),
}

// FindingStatus is what one selected vantage says of a task.
type FindingStatus struct {
	Vantage string
	Finding verdict.Finding
	Counts  bool // it votes now: heard, not isolated, and of the task as it stands
	Code    string
	Reason  string
	Latency time.Duration
	Since   time.Time // of the finding; zero when there is none
}

// Findings returns what every selected vantage says of a task, in the order of ids.
func (v *View) Findings(k traffic.TaskKey) []FindingStatus {
	v.mu.RLock()
	defer v.mu.RUnlock()
	t := v.tasks[k]
	if t == nil {
		return nil
	}
	return v.findingsLocked(t)
}

func (v *View) findingsLocked(t *task) []FindingStatus {
	out := make([]FindingStatus, 0, len(t.sel.sources))
	for _, s := range t.sel.sources {
		f := FindingStatus{Vantage: s.id}
		if e := s.obs[t.Key]; e != nil && e.Def == t.Def && !e.dead() {
			f.Finding, f.Code, f.Reason, f.Latency, f.Since = e.Finding, e.Code, e.Reason, e.Latency, e.since
		}
		_, f.Counts = s.vote(&t.Task)
		switch {
		case f.Counts || f.Reason != "":
		case !s.live:
			f.Reason = "the vantage is not heard"
		case s.isolated != "":
			f.Reason = "the vantage is isolated: " + s.isolated
		default:
			f.Reason = "the first evaluation is not complete"
		}
		out = append(out, f)
	}
	return out
}

// VantageStatus is what the view knows of a vantage.
type VantageStatus struct {
	ID        string
	Labels    map[string]string
	State     string        // unknown, heard, isolated or lost
	Isolated  string        // why, when it is
	Silence   time.Duration // since its last heartbeat
	Active    time.Duration // how long its process has been the active one, at its last heartbeat
	Instance  string
	Tasks     int // that it probes
	Good, Bad int // its findings
}

// Vantages returns the known vantages in the order of ids.
func (v *View) Vantages() []VantageStatus {
	now := time.Now()
	v.mu.RLock()
	defer v.mu.RUnlock()
	out := make([]VantageStatus, 0, len(v.vantages))
	for _, id := range slices.Sorted(maps.Keys(v.vantages)) {
		s := v.vantages[id]
		st := VantageStatus{ID: id, Labels: s.labels, State: s.word(), Isolated: s.isolated,
			Silence: s.silence(v.begun, now), Active: s.active, Instance: s.instance, Tasks: s.tasks}
		for _, e := range s.obs {
			switch e.Finding {
			case verdict.Good:
				st.Good++
			case verdict.Failed:
				st.Bad++
			}
		}
		out = append(out, st)
	}
	return out
}
