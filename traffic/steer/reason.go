package steer

import (
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/said"
)

// Why an address or a pool is in its state. Each begins with its verb, or counts what it
// holds, so that it can stand after a name and after "left: it".
var (
	saidMissing        = said.New("state.missing", "does not exist")
	saidDisabled       = said.New("state.disabled", "is disabled")
	saidMemberDisabled = said.New("state.member_disabled", "is disabled as a member here")
	saidPretended      = said.New("state.pretended_down", "is taken as failed for this question")
	saidByHandDown     = said.New("state.manual_unavailable", "is set unavailable by hand")
	saidByHandUp       = said.New("state.manual_available", "is set available by hand")
	saidNoTask         = said.New("state.no_task", "has no health task, so it counts as available")
	saidTaskGood       = said.New("state.task_good", "its health task is good")
	saidTasksGood      = said.New("state.tasks_good", "all {total} health tasks are good")
	saidTasksEnough    = said.New("state.tasks_enough", "{ok} of {total} health tasks are good, enough for {judgement}")
	saidTaskDown       = said.New("state.task_down", "its health task is down")
	saidTasksFew       = said.New("state.tasks_few", "{ok} of {total} health tasks are good, not enough for {judgement}")
	saidHeld           = said.New("state.held", "{state:s} ({n} held from before, too few vantages vote)")
	saidHostedUp       = said.New("state.hosted_available", "{state:s}; the hosted access domain it names is available")
	saidHostedDown     = said.New("state.hosted_unavailable", "the hosted access domain it names is unavailable")
	saidNoAddress      = said.New("state.no_address", "has no enabled address")
	saidAddressesAll   = said.New("state.addresses_all", "{ok} of {total} addresses are available")
	saidAddressesSome  = said.New("state.addresses_enough", "{ok} of {total} addresses are available, enough for {judgement}")
	saidAddressesFew   = said.New("state.addresses_few", "{ok} of {total} addresses are available, not enough for {judgement}")
	saidForcedEmpty    = said.New("state.forced_empty", "{state:s}, but has no enabled address that is not withdrawn")
	saidForced         = said.New("state.forced", "counts as available, as an override says of its pool; else it {state:s}")
)

// What an override says of what it reaches.
var (
	saidDrained       = said.New("override.drained", "is drained by {id} of {author}")
	saidEnabled       = said.New("override.enabled", "is enabled by {id} of {author}")
	saidOrderSelector = said.New("override.by_labels", "{order:s} ({selector})")
	saidOrderUntil    = said.New("override.until", "{order:s} until {time}")
	saidOrderReason   = said.New("override.reason", "{order:s}: {reason}")
)

// How a policy came to its choice.
var (
	saidRoundRobin    = said.New("choice.round_robin", "round robin: the available members take turns")
	saidWeighted      = said.New("choice.weighted", "weighted: drawn among the available members by weight")
	saidSequential    = said.New("choice.sequential", "sequential: {member} has the smallest serial of the available members")
	saidStays         = said.New("choice.stays", "sequential, non-preemptive: {member} is current and stays, though {other} has a smaller serial")
	saidNearBySerial  = said.New("choice.proximity_serial", "proximity: line {line} is the client's most specific with an available member; first by serial is {member}")
	saidNearByWay     = said.New("choice.proximity_distance", "proximity: line {line} is the client's most specific with an available member; first by distance is {member}")
	saidUnmatched     = said.New("choice.unmatched", "proximity: no line of the client has an available member; {member} has the smallest serial of any line")
	saidNobodyServes  = said.New("choice.no_line_nodata", "no member serves a line of the client, and unmatched is nodata")
	saidAllDownNoData = said.New("choice.all_down_nodata", "no pool is available, and all_down is nodata")
	saidLastAvailable = said.New("choice.last_resort_available", "no pool is available; last resort: the available addresses of {pool}")
	saidLastEnabled   = said.New("choice.last_resort_all", "no pool is available and no address either; last resort: every enabled address of {pool}")
	saidNothingLeft   = said.New("choice.nothing_left", "no enabled address is left that an operator has not withdrawn")
	saidDomainOrder   = said.New("choice.domain_override", "the access domain {order:s}")
)

// Why one member was taken or left.
var (
	saidTakenTurn       = said.New("member.taken_turn", "taken in turn with the other available members")
	saidTakenWeight     = said.New("member.taken_weight", "taken by weight {weight}")
	saidTaken           = said.New("member.taken", "taken: {reason:s}")
	saidLeftIt          = said.New("member.left_state", "left: it {state:s}")
	saidLeftCount       = said.New("member.left_count", "left: {state:s}")
	saidLeftNone        = said.New("member.left_none", "left: no member could be taken")
	saidLeftLine        = said.New("member.left_line", "left: it serves {lines}, not the winning line {line}")
	saidLeftSameLine    = said.New("member.left_same_line", "left: {member} comes first on the same line")
	saidLeftSerial      = said.New("member.left_first", "left: {member} comes first")
	saidPoolNotTaken    = said.New("member.pool_not_taken", "its pool was not taken")
	saidLastPool        = said.New("member.last_resort_pool", "taken as the last resort: the smallest serial with addresses to give")
	saidLastNotNeeded   = said.New("member.last_resort_not_needed", "not needed as a last resort")
	saidLastUp          = said.New("member.last_resort_available", "taken as a last resort: it is available, though its pool is not")
	saidLastAll         = said.New("member.last_resort_all", "taken as a last resort: nothing is available, so all are answered")
	saidLastWithdrawn   = said.New("member.last_resort_withdrawn", "left: an operator has withdrawn it")
	saidLastUnavailable = said.New("member.last_resort_unavailable", "left: it is not available and others are")
)

func taskReason(j traffic.Judgement, s AddressState, stale int) said.Said {
	var out said.Said
	switch {
	case s.Total == 0:
		return saidNoTask.With()
	case s.OK == s.Total && s.Total == 1:
		out = saidTaskGood.With()
	case s.OK == s.Total:
		out = saidTasksGood.With(s.Total)
	case s.Available:
		out = saidTasksEnough.With(s.OK, s.Total, j)
	case s.Total == 1:
		out = saidTaskDown.With()
	default:
		out = saidTasksFew.With(s.OK, s.Total, j)
	}
	if stale > 0 {
		out = saidHeld.With(out, stale)
	}
	return out
}

func poolReason(j traffic.Judgement, s PoolState) said.Said {
	switch {
	case s.Total == 0:
		return saidNoAddress.With()
	case s.OK == s.Total:
		return saidAddressesAll.With(s.OK, s.Total)
	case s.Available:
		return saidAddressesSome.With(s.OK, s.Total, j)
	}
	return saidAddressesFew.With(s.OK, s.Total, j)
}

// overrideReason says who decided what, for how long and why.
func overrideReason(o *traffic.Override) said.Said {
	what := saidDrained
	if o.Action == traffic.Enable {
		what = saidEnabled
	}
	s := what.With(o.ID, o.Author)
	if o.Selector != "" {
		s = saidOrderSelector.With(s, o.Selector)
	}
	if !o.EndsAt.IsZero() {
		s = saidOrderUntil.With(s, o.EndsAt.UTC().Format("2006-01-02 15:04:05Z"))
	}
	if o.Reason != "" {
		s = saidOrderReason.With(s, o.Reason)
	}
	return s
}

// OrderSaid says who ordered what, for how long and why.
func OrderSaid(o *traffic.Override) said.Said { return overrideReason(o) }

// left says why a member was not taken. A state begins with its verb, or with what it
// counts, which needs no pronoun before it.
func left(state said.Said) said.Said {
	for _, t := range [...]*said.Template{saidTaskGood, saidTasksGood, saidTasksEnough, saidTasksFew, saidTaskDown, saidHeld, saidHostedUp, saidHostedDown,
		saidAddressesAll, saidAddressesSome, saidAddressesFew} {
		if state.Is(t) {
			return saidLeftCount.With(state)
		}
	}
	return saidLeftIt.With(state)
}
