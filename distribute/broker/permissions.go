package broker

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/meridian-gtm/meridian/distribute/stream"
)

// Roles that a node can hold.
const (
	RoleControl  = "control"
	RoleResolver = "resolver"
	RoleProber   = "prober"
)

// Subjects, below stream.Prefix, on which control tells nodes what is not configuration.
const (
	RemovedSubject = "node.removed"
	LabelsSubject  = "node.labels." // and the node's id
)

// Node is who a credential speaks for.
type Node struct {
	ID      string   // subject token: see CheckID
	Roles   []string // at least one of the roles above
	Vantage string   // required of a prober; may equal ID
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}$`)

// CheckID reports whether an id may stand in a subject. Dots and wildcards in one
// would let a node speak for another.
func CheckID(what, id string) error {
	if !idForm.MatchString(id) {
		return fmt.Errorf("%s %q: use 1 to 63 letters, digits, - or _", what, id)
	}
	return nil
}

// InboxPrefix is where a node receives answers: its own, so that no node can read
// what another asked. distribute.Dial sets it.
func InboxPrefix(id string) string { return stream.InboxPrefix(id) }

// answers is where a node may answer those who ask on a subject of its own. The
// server's own way, permission to answer whatever came in, is too wide: a node that
// hears a subject on which it may also speak asks itself, and names any subject it
// likes for the answer (tried; the test of a stolen credential does it).
func answers(subject string) string { return stream.AnswerPrefix("*", subject) + ".*" }

// Permissions is the allow-list of a node; nil for control, which may do all.
//
// JetStream reads do not look at subscribe permissions: a user with $JS.API.> reads
// every stream (nats-server#3202, #6180; tried, see DESIGN.md). So the API subjects
// are listed one by one: look at the one stream, make a consumer on it with exactly
// our filter, pull from it, delete it, read one message by subject.
func Permissions(n Node) (*server.Permissions, error) {
	if err := CheckID("node id", n.ID); err != nil {
		return nil, err
	}
	if len(n.Roles) == 0 {
		return nil, fmt.Errorf("node %q: no role given", n.ID)
	}
	const p = stream.Prefix
	pub := []string{
		"$JS.API.STREAM.INFO." + stream.LogName,
		"$JS.API.STREAM.INFO." + stream.SnapName,
		"$JS.API.STREAM.INFO." + stream.BlobName,
		"$JS.API.CONSUMER.CREATE." + stream.LogName + ".*." + stream.LogAll,
		"$JS.API.CONSUMER.MSG.NEXT." + stream.LogName + ".*",
		"$JS.API.CONSUMER.INFO." + stream.LogName + ".*",
		"$JS.API.CONSUMER.DELETE." + stream.LogName + ".*",
		"$JS.API.DIRECT.GET." + stream.LogName + "." + stream.LogAll,
		"$JS.API.DIRECT.GET." + stream.SnapName + "." + stream.SnapAll,
		"$JS.API.DIRECT.GET." + stream.BlobName + "." + stream.BlobAll,
		p + "node.status." + n.ID,
	}
	sub := []string{
		InboxPrefix(n.ID) + ".>",
		stream.HeadSubject,
		p + LabelsSubject + n.ID,
	}
	for _, role := range n.Roles {
		switch role {
		case RoleControl:
			return nil, nil
		case RoleResolver:
			pub = append(pub, p+"health.state.*", p+"current.get", p+"current.report", answers(p+"explain."+n.ID), answers(p+"queries."+n.ID), p+"stats.query."+n.ID)
			// It explains its own answers and shows its own queries to control, and nobody
			// else's: with another's, it would see who that one's clients are.
			sub = append(sub, p+"health.obs.*", p+"health.beat.*", p+"current.set", p+"current.report", p+"explain."+n.ID, p+"queries."+n.ID, p+RemovedSubject)
		case RoleProber:
			if err := CheckID("vantage id", n.Vantage); err != nil {
				return nil, fmt.Errorf("node %q: %w", n.ID, err)
			}
			pub = append(pub, p+"health.obs."+n.Vantage, p+"health.beat."+n.Vantage, p+"stats.probe."+n.Vantage)
			// It hears its own heartbeat and asks for its own state, to find a second process
			// with its id.
			pub = append(pub, p+"health.state."+n.Vantage, answers(p+"health.state."+n.Vantage))
			sub = append(sub, p+"health.beat."+n.Vantage, p+"health.state."+n.Vantage)
		default:
			return nil, fmt.Errorf("node %q: role %q is none of control, resolver, prober", n.ID, role)
		}
	}
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: compact(pub)},
		Subscribe: &server.SubjectPermission{Allow: compact(sub)},
	}, nil
}

// answerAny is what releases before answers needs to answer questions: one message to
// whatever subject the question names.
func answerAny() *server.ResponsePermission {
	return &server.ResponsePermission{MaxMsgs: 1, Expires: 10 * time.Second}
}

func compact(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
