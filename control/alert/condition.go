package alert

import (
	"time"

	"github.com/meridian-gtm/meridian/traffic/said"
)

// Key is what an alert is about: there is one at a time.
type Key struct {
	Event, Kind, Object string
}

// Condition is something that is wrong now.
type Condition struct {
	Key
	Severity string    // default the event's
	Since    time.Time // when it became so, if that is known
	Facts    Facts
	// Domains are the access domains (NAME/TYPE) with rules of their own that it reaches,
	// and "" for all others. Empty: it is about none in particular.
	Domains []string
	// Hold says that nobody knows now: an alert about it goes on, and none begins.
	Hold bool
	// Causes are conditions that this one follows from.
	Causes []Key
}

// Facts are the details of an alert for programs; texts are made of them. Which are
// present depends on the event.
type Facts struct {
	Reason     string     `json:"reason,omitempty" doc:"Why, in an English sentence."`
	ReasonSaid said.Said  `json:"reason_said,omitzero" doc:"Reason with its code, where it is of the engine."`
	What       string     `json:"what,omitempty" enum:"vantage_lost,vantage_isolated,verdicts_held,statistics_missing,history_not_written,more_queries,fewer_queries,more_empty_answers" doc:"data_stale, traffic_anomaly: which of its forms."`
	Value      string     `json:"value,omitempty" doc:"address_alert: what is answered, an IP address or a name."`
	Available  *bool      `json:"available,omitempty" doc:"address_alert: whether the address counts as available all the same."`
	Tasks      []TaskFact `json:"tasks,omitempty" doc:"Health tasks that are down, with who found it."`
	OK         int        `json:"ok,omitempty" doc:"pool_unavailable: available addresses; domain_exceptional: available pools."`
	Total      int        `json:"total,omitempty" doc:"Of how many."`
	Members    []string   `json:"members,omitempty" doc:"Members that are out, at most 10."`
	Domains    []string   `json:"domains,omitempty" doc:"Access domains that it reaches, at most 20."`
	Reaches    int        `json:"reaches,omitempty" doc:"How many access domains that are."`
	Instead    []Instead  `json:"instead,omitempty" doc:"What clients get now, by the engine, of at most 3 access domains."`
	Behind     uint64     `json:"behind,omitempty" doc:"node_lagging: revisions."`
	Seconds    int64      `json:"seconds,omitempty" doc:"How long it had been so when it was noticed."`
	Alarms     []string   `json:"alarms,omitempty" doc:"node_alarm: sentences of the node."`
	Count      int        `json:"count,omitempty" doc:"data_stale: how many tasks."`
	EndsAt     time.Time  `json:"ends_at,omitzero" doc:"certificate_expiring."`
	Days       int        `json:"days,omitempty" doc:"certificate_expiring: days left, negative when it has ended; geo_data_old: age."`
	Rate       float64    `json:"rate,omitempty" doc:"traffic_anomaly: queries a second in the last minutes."`
	Usual      float64    `json:"usual_rate,omitempty" doc:"traffic_anomaly: queries a second before."`
	Empty      float64    `json:"empty_share,omitempty" doc:"traffic_anomaly: share of empty answers in the last minutes, 0 to 1."`
	WasEmpty   float64    `json:"usual_empty_share,omitempty" doc:"traffic_anomaly: share of empty answers before."`
	Until      time.Time  `json:"until,omitzero" doc:"mute: its end."`
	For        int64      `json:"lasted_seconds,omitempty" doc:"resume: how long the alert lasted."`
}

// TaskFact is a health task that is down.
type TaskFact struct {
	Task   string     `json:"task" doc:"ADDRESS/TEMPLATE/PORT"`
	Since  time.Time  `json:"since,omitzero"`
	Failed []VoteFact `json:"failed,omitempty" doc:"Vantages that call it failed, at most 5."`
	Voting int        `json:"voting" doc:"How many vantages vote."`
	Votes  int        `json:"votes" doc:"How many of them call it failed."`
}

// VoteFact is what one vantage found.
type VoteFact struct {
	Vantage string `json:"vantage"`
	Reason  string `json:"reason"`
}

// Instead is what an access domain answers while something is wrong.
type Instead struct {
	Domain string   `json:"domain" doc:"NAME/TYPE"`
	Line   string   `json:"line"`
	Basis  string   `json:"basis" enum:"policy,unmatched,last_resort,nodata"`
	Pools  []string `json:"pools,omitempty"`
	Values []string `json:"values,omitempty" doc:"Addresses or names, at most 4."`
}

// Bounds of what facts list: a message is read by people.
const (
	MostMembers = 10
	MostReached = 20
	MostInstead = 3
	MostVotes   = 5
)

func (c *Condition) severity() string {
	if c.Severity != "" {
		return c.Severity
	}
	e, _ := EventOf(c.Event)
	return e.Severity
}
