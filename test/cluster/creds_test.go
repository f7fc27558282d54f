package cluster

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/meridian-gtm/meridian/distribute/broker"
)

// Control signs in to a server of the company's own by the file it is given: an nkey
// seed, or the credential of a user whom an operator has admitted.
func TestControlSignsInToExternalNATSByAFile(t *testing.T) {
	t.Parallel()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	seed, public, err := broker.NewUser()
	must(err)
	for _, row := range []struct {
		says   string
		lists  string // what nats-config says of control
		server func(*server.Options) (credential string)
	}{
		{"an nkey seed", public, func(o *server.Options) string {
			o.Nkeys = []*server.NkeyUser{{Nkey: public}}
			return seed + "\n"
		}},
		{"an operator's user", "users = [\n]", func(o *server.Options) string {
			operator, err := nkeys.CreateOperator()
			must(err)
			account, err := nkeys.CreateAccount()
			must(err)
			user, err := nkeys.CreateUser()
			must(err)
			operatorKey, err := operator.PublicKey()
			must(err)
			accountKey, err := account.PublicKey()
			must(err)
			userKey, err := user.PublicKey()
			must(err)
			ac := jwt.NewAccountClaims(accountKey)
			ac.Limits.DiskStorage, ac.Limits.MemoryStorage = jwt.NoLimit, jwt.NoLimit
			accountJWT, err := ac.Encode(operator)
			must(err)
			userJWT, err := jwt.NewUserClaims(userKey).Encode(account)
			must(err)
			resolver := &server.MemAccResolver{}
			must(resolver.Store(accountKey, accountJWT))
			system, err := nkeys.CreateAccount()
			must(err)
			systemKey, err := system.PublicKey()
			must(err)
			systemJWT, err := jwt.NewAccountClaims(systemKey).Encode(operator)
			must(err)
			must(resolver.Store(systemKey, systemJWT))
			o.TrustedKeys, o.AccountResolver, o.SystemAccount = []string{operatorKey}, resolver, systemKey
			seed, err := user.Seed()
			must(err)
			creds, err := jwt.FormatUserConfig(userJWT, seed)
			must(err)
			return string(creds)
		}},
	} {
		t.Run(row.says, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			o := &server.Options{Host: c.ip(111), Port: natsPort, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true}
			file := filepath.Join(t.TempDir(), "credential")
			if err := os.WriteFile(file, []byte(row.server(o)), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := server.NewServer(o)
			if err != nil {
				t.Fatal(err)
			}
			s.Start()
			t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
			if !s.ReadyForConnections(patience) {
				t.Fatal("the NATS server does not start")
			}
			c.prepareControl("control,resolver", "--nats", s.ClientURL(), "--nats-creds", file)
			own := slices.Index(c.control.args, "--nats-listen")
			c.control.args = slices.Delete(c.control.args, own, own+2)
			c.control.start()
			c.apply("addresses: [{name: a, address: 192.0.2.1}]")
			c.converge("control")
			if out := c.cli("", "node", "nats-config"); !strings.Contains(out, row.lists) {
				t.Errorf("the servers' users are\n%s", out)
			}
		})
	}
}
