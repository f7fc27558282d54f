package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// tryAt runs a client command with settings of its own.
func (c *cluster) tryAt(server, ca string, args ...string) (string, error) {
	c.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(cleanEnv(c.dir), "MERIDIAN_SERVER="+server, "MERIDIAN_TOKEN="+c.adminToken(), "MERIDIAN_CA="+ca)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// The API with a company's certificate: clients that cannot trust it say what to do,
// and SIGHUP puts a renewed one in force.
func TestTheAPISpeaksTLSByACompanysCertificate(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	firm, other := newCompany(t), newCompany(t)
	c.prepareControl("control,resolver")
	cert, key := firm.pair(c.control.ip)
	c.control.args = append(c.control.args, "--tls-cert", cert, "--tls-key", key)
	c.control.speaksTLS(firm.ca())
	c.control.start()
	c.apply("addresses: [{name: a, address: 192.0.2.1}]")
	c.join("resolver", "r1") // tokens do not depend on it
	c.converge("r1")

	api := c.control.api()
	for _, row := range []struct{ says, server, ca, want string }{
		{"no authority", api, "", "authority that is not known here"},
		{"another's authority", api, other.ca(), "authority that is not known here"},
		{"a name that is not in it", strings.Replace(api, c.control.ip, "localhost", 1), firm.ca(), "cannot"},
		{"no TLS", strings.Replace(api, "https", "http", 1), "", "write https:// instead of http://"},
		{"a file that holds none", api, key, "holds no certificate"},
	} {
		if out, err := c.tryAt(row.server, row.ca, "status"); err == nil || !strings.Contains(out, row.want) {
			t.Errorf("%s: %v %s, want %q", row.says, err, out, row.want)
		}
	}

	hangup := func() {
		t.Helper()
		if err := c.control.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	replace := func(path string, from string) {
		t.Helper()
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	newCert, newKey := other.pair(c.control.ip)
	replace(cert, newCert) // without its key
	hangup()
	eventually(t, "the log tells of the fault", func() error {
		if !strings.Contains(c.control.log.String(), "the certificate stays the one that it was") {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	if out, err := c.tryAt(api, firm.ca(), "status"); err != nil {
		t.Errorf("with a damaged file the certificate is another: %s", out)
	}
	replace(key, newKey)
	hangup()
	eventually(t, "the new certificate is shown", func() error {
		out, err := c.tryAt(api, other.ca(), "status")
		if err != nil {
			return fmt.Errorf("%s", out)
		}
		return nil
	})
	if out, err := c.tryAt(api, firm.ca(), "status"); err == nil {
		t.Errorf("the old authority is still trusted to have signed it: %s", out)
	}
}
