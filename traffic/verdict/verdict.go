package verdict

import (
	"fmt"
	"time"
)

// State is what all vantages together say of a health task.
type State uint8

// The states. Unknown is the state of a task that nobody has ever judged.
const (
	Unknown State = iota
	Up
	Down
)

var stateWords = [...]string{"unknown", "up", "down"}

func (s State) String() string {
	if int(s) < len(stateWords) {
		return stateWords[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// MarshalText writes the word of the state.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the word of a state and refuses every other.
func (s *State) UnmarshalText(b []byte) error {
	for i, w := range stateWords {
		if w == string(b) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not a state; it is unknown, up or down", b)
}

// Finding is what one vantage says of a health task.
type Finding uint8

// The findings. Abstain is no vote: the vantage has not finished an evaluation,
// cannot probe the target, or mistrusts its own network.
const (
	Abstain Finding = iota
	Good
	Failed
)

var findingWords = [...]string{"unknown", "good", "failed"}

func (f Finding) String() string {
	if int(f) < len(findingWords) {
		return findingWords[f]
	}
	return fmt.Sprintf("finding(%d)", uint8(f))
}

// MarshalText writes the word of the finding.
func (f Finding) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads the word of a finding and refuses every other.
func (f *Finding) UnmarshalText(b []byte) error {
	for i, w := range findingWords {
		if w == string(b) {
			*f = Finding(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not a finding; it is unknown, good or failed", b)
}

// Verdict is the judgement of a health task. The zero value is that of a task
// nobody has judged yet.
type Verdict struct {
	State State
	Stale bool // held from before: too few of the selected vantages vote
	// Voting counts the vantages that vote, Failed those among them that call the task
	// failed, Selected all that the template selects, heard or silent.
	Voting, Failed, Selected int
	Since                    time.Time // when State began; set by the caller, never by Judge
}

// Available reports whether the task counts as good. Only Down does not: a task that
// nobody has ever judged is served rather than lost (design 5.5).
func (v Verdict) Available() bool { return v.State != Down }

// Judge returns the verdict that follows prev when, of the selected vantages, those
// that were heard say findings. A failureRate is a percentage, 0 to 100.
//
// The task is down when the share of voting vantages that call it failed exceeds
// failureRate, or all do: without the second half a rate of 100 could never be met.
// The state changes only when at least half of the selected vantages vote; otherwise
// it holds and is stale, so silence can neither fail nor revive a target. A state of
// Unknown is never stale, since there is nothing to hold.
//
// Since is prev's: the caller sets it where State changed, by its own clock.
func Judge(prev Verdict, selected int, findings []Finding, failureRate int) Verdict {
	v := Verdict{State: prev.State, Selected: selected, Since: prev.Since}
	for _, f := range findings {
		switch f {
		case Good:
			v.Voting++
		case Failed:
			v.Voting++
			v.Failed++
		}
	}
	if v.Voting == 0 || v.Voting*2 < selected {
		v.Stale = prev.State != Unknown
		return v
	}
	v.State = Up
	if v.Failed == v.Voting || v.Failed*100 > failureRate*v.Voting {
		v.State = Down
	}
	return v
}
