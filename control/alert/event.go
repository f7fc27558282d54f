package alert

import "slices"

// Severities, the mildest first.
const (
	Warning  = "warning"
	Error    = "error"
	Critical = "critical"
)

var severities = []string{Warning, Error, Critical}

// atLeast reports whether a severity is as grave as another.
func atLeast(s, least string) bool {
	return slices.Index(severities, s) >= slices.Index(severities, least)
}

// Codes of events. Each has one for its end.
const (
	AddressAlert        = "address_alert"
	PoolUnavailable     = "pool_unavailable"
	DomainExceptional   = "domain_exceptional"
	NodeLagging         = "node_lagging"
	NodeGone            = "node_gone"
	NodeAlarm           = "node_alarm"
	DataStale           = "data_stale"
	CertificateExpiring = "certificate_expiring"
	GeoDataOld          = "geo_data_old"
	TrafficAnomaly      = "traffic_anomaly"
)

// Kinds of objects.
const (
	OfAddress     = "address"
	OfPool        = "pool"
	OfDomain      = "access_domain"
	OfNode        = "node"
	OfVantage     = "vantage"
	OfCertificate = "certificate"
	OfGeo         = "location_data"
	OfVerdicts    = "verdicts"
	OfStatistics  = "statistics"
)

// Event describes a code.
type Event struct {
	Code     string `json:"code"`
	End      string `json:"end" doc:"Code of its end."`
	Severity string `json:"severity" enum:"warning,error,critical"`
	Kind     string `json:"kind" doc:"Kind of the objects that it is about, several with commas."`
	Doc      string `json:"description"`
	family   string // what may be told together though nothing links it
}

const (
	ofService = "service"
	ofPlant   = "plant"
	ofTraffic = "traffic"
)

// Events lists all, the gravest for clients first.
var Events = []Event{
	{DomainExceptional, "domain_recovered", Critical, OfDomain, "An access domain has no available pool: clients get the last resort or nothing.", ofService},
	{PoolUnavailable, "pool_available", Error, OfPool, "A pool fails its judgement: too few of its addresses are available.", ofService},
	{AddressAlert, "address_resume", Warning, OfAddress, "A health task of an address is down; args.available says whether the address still counts as available.", ofService},
	{NodeGone, "node_back", Error, OfNode, "A node is not heard any more.", ofPlant},
	{NodeLagging, "node_current", Warning, OfNode, "A node has not taken the newest configuration.", ofPlant},
	{NodeAlarm, "node_alarm_over", Warning, OfNode, "A node says that something is wrong with it.", ofPlant},
	{DataStale, "data_fresh", Error, OfVantage + "," + OfVerdicts + "," + OfStatistics, "Something is not measured any more: a vantage is silent or isolated, verdicts hold for want of votes, or statistics are missing.", ofPlant},
	{CertificateExpiring, "certificate_renewed", Warning, OfCertificate, "A certificate that a node serves, or that an https probe found, ends soon or has ended.", ofPlant},
	{GeoDataOld, "geo_data_fresh", Warning, OfGeo, "The location data is old: clients move between networks, and answers follow the map.", ofPlant},
	{TrafficAnomaly, "traffic_normal", Warning, OfDomain, "An access domain is asked for much more or much less than in its recent past, or more of its answers are empty.", ofTraffic},
}

// EventOf returns what a code means.
func EventOf(code string) (Event, bool) {
	for _, e := range Events {
		if e.Code == code {
			return e, true
		}
	}
	return Event{}, false
}

// Codes returns the codes of all alerts.
func Codes() []string {
	out := make([]string, len(Events))
	for i, e := range Events {
		out[i] = e.Code
	}
	return out
}

func endOf(code string) string {
	e, _ := EventOf(code)
	return e.End
}

// Kinds lists the kinds of objects.
var Kinds = []string{OfAddress, OfPool, OfDomain, OfNode, OfVantage, OfCertificate, OfGeo, OfVerdicts, OfStatistics}
