package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/file"
	"github.com/spf13/cobra"
)

// masterType is the media type of master files (RFC 4027).
const masterType = "text/dns"

func (a *app) zoneCommand() *cobra.Command {
	return group("zone", "Import, export and check zones as master files (RFC 1035)", "config",
		a.zoneImportCommand(), a.zoneExportCommand(), a.zoneCheckCommand())
}

func (a *app) zoneImportCommand() *cobra.Command {
	var name string
	var replace, dry bool
	c := &cobra.Command{Use: "import ZONE", Short: "Put the records of a master file into a zone, which is created if need be", Args: exactly(1),
		Long: `Put the records of a master file into a zone. The SOA's fields and the apex NS records
become the zone's; the serial is always the server's. Records of the zone that the
file does not hold stay, unless --replace.`,
		Example: "  meridian zone import example.com --file example.com.zone --replace"}
	c.Flags().StringVarP(&name, "file", "f", "-", "master `FILE`, - for standard input")
	c.Flags().BoolVar(&replace, "replace", false, "delete the zone's records that are not in the file")
	c.Flags().BoolVar(&dry, "dry-run", false, "show what would change, and change nothing")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		text, err := a.readFile(name)
		if err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		q := url.Values{}
		if replace {
			q.Set("replace", "true")
		}
		if dry {
			q.Set("dry_run", "true")
		}
		var out changeAnswer
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodPut, Path: "/zones/" + url.PathEscape(args[0]) + "/file", Query: q, Body: text, Type: masterType, Timeout: 5 * time.Minute}, &out); err != nil {
			return err
		}
		a.printPlan(out, dry)
		return nil
	}
	return c
}

func (a *app) readFile(name string) ([]byte, error) {
	in := a.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return b, nil
}

func (a *app) zoneExportCommand() *cobra.Command {
	var name string
	c := &cobra.Command{Use: "export ZONE", Short: "Write a zone as a master file", Args: exactly(1),
		Example: "  meridian zone export example.com > example.com.zone"}
	c.Flags().StringVarP(&name, "file", "f", "-", "`FILE` to write, - for standard output")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		var text []byte
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodGet, Path: "/zones/" + url.PathEscape(args[0]) + "/file", Header: http.Header{"Accept": {masterType}}}, &text); err != nil {
			return err
		}
		if name == "-" {
			_, err = a.out.Write(text)
			return err
		}
		return os.WriteFile(name, text, 0o644)
	}
	return c
}

func (a *app) zoneCheckCommand() *cobra.Command {
	var name string
	c := &cobra.Command{Use: "check ZONE", Short: "Check a master file without a server", Args: exactly(1),
		Example: "  meridian zone check example.com --file example.com.zone"}
	c.Flags().StringVarP(&name, "file", "f", "-", "master `FILE`, - for standard input")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if _, err := traffic.CanonicalName(args[0]); err != nil {
			return usagef("zone %q %v", args[0], err)
		}
		text, err := a.readFile(name)
		if err != nil {
			return err
		}
		m, err := file.ReadMaster(bytes.NewReader(text), args[0])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		objects := []traffic.Object{m.Zone(args[0])}
		for _, r := range m.Records {
			objects = append(objects, r)
		}
		r := checkOffline(objects)
		a.warn(r.Warnings)
		if !r.OK() {
			for _, p := range r.Errors {
				fmt.Fprintf(a.err, "%s: %s\n", name, p)
			}
			return errors.New(plural(len(r.Errors), "error") + " in " + name)
		}
		fmt.Fprintf(a.out, "%s: %s, no errors.\n", args[0], plural(len(m.Records), "record set"))
		return nil
	}
	return c
}
