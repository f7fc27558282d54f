package cli

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/meridian-gtm/meridian/control/geo"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/spf13/cobra"
)

func (a *app) geoCommand() *cobra.Command {
	var dir string
	c := group("geo", "Fetch and look into the location data on this machine", "server",
		a.geoUpdateCommand(&dir), a.geoLookupCommand(&dir), a.geoStatsCommand(&dir))
	c.Long = `The location data say which lines a client is on. They are a folder on the machine of
the control role: serve --geo names it (default geo in the data folder). These commands
work on that folder and need no server.`
	c.PersistentFlags().StringVar(&dir, "geo", first(os.Getenv("MERIDIAN_GEO"), filepath.Join(first(os.Getenv("MERIDIAN_DATA"), "data"), "geo")), "`FOLDER` of the location data")
	c.PersistentFlags().Lookup("geo").DefValue = "data/geo" // help must not change with the environment
	return c
}

func (a *app) geoUpdateCommand(dir *string) *cobra.Command {
	var o geo.Options
	c := &cobra.Command{Use: "update", Short: "Fetch newer data with npm, compile, check, and put the result in place", Args: exactly(0),
		Example: "  meridian geo update --geo /srv/meridian/geo",
		Long: `Fetch newer data with the npm client, compile it to a map, hold the map to its checks and
put it in place of the one before, which is kept beside it. On any failure the map in
place stays. Does nothing when the map was made of the newest data.`}
	c.Flags().BoolVar(&o.Force, "force", false, "ask npm and compile even if nothing seems to have changed")
	c.Flags().BoolVar(&o.Offline, "offline", false, "do not fetch; compile what the folder has")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		o.Log = func(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }
		r, err := geo.Update(cmd.Context(), *dir, o)
		if err != nil {
			return err
		}
		for _, w := range r.Warnings {
			fmt.Fprintf(a.err, "warning: %s\n", w)
		}
		verb := "is up to date"
		if r.Changed {
			verb = fmt.Sprintf("is new, made in %v", r.Took.Round(100*time.Millisecond))
		}
		fmt.Fprintf(a.out, "The location map in %s %s: %d IPv4 and %d IPv6 ranges, %s.\n", *dir, verb, r.About.Ranges4, r.About.Ranges6, shortHash(r.Hash))
		return nil
	}
	return c
}

func shortHash(h string) string { return h[:min(len(h), 12)] }

func (a *app) geoLookupCommand(dir *string) *cobra.Command {
	var form string
	c := &cobra.Command{Use: "lookup IP", Short: "Say where an address is: its lines, most specific first, each with why", Args: exactly(1),
		Example: "  meridian geo lookup 203.0.113.7 --geo /srv/meridian/geo"}
	outputFlag(c, &form, "text", "json")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, "text", "json"); err != nil {
			return err
		}
		ip, err := netip.ParseAddr(args[0])
		if err != nil || ip.Zone() != "" {
			return usagef("%q is not an IP address", args[0])
		}
		m, err := geo.Open(*dir)
		if err != nil {
			return err
		}
		at, err := geo.Lookup(m, ip.Unmap())
		if err != nil {
			return err
		}
		if form == "json" {
			type match struct {
				Code string `json:"code"`
				Why  string `json:"why"`
			}
			lines := make([]match, len(at.Lines))
			for i, l := range at.Lines {
				lines[i] = match{l.Code, l.Why}
			}
			out := map[string]any{"address": ip, "lines": lines, "confidence": at.Confidence, "prefix": at.Prefix, "country": at.Country, "subdivision": at.Subdivision, "isp": at.ISP}
			if at.PointOK {
				out["location"] = traffic.Location{Latitude: at.Point.Lat, Longitude: at.Point.Lon}
			}
			return printJSON(a.out, out)
		}
		if m.Empty() {
			fmt.Fprintf(a.err, "There is no location map in %s; \"meridian geo update\" makes one.\n", *dir)
		}
		fmt.Fprintf(a.out, "%s is in %s, confidence %s\n", ip, at.Prefix, at.Confidence)
		tw := tabwriter.NewWriter(a.out, 2, 0, 2, ' ', 0)
		for _, l := range at.Lines {
			fmt.Fprintf(tw, "  %s\t%s\n", l.Code, l.Why)
		}
		return tw.Flush()
	}
	return c
}

func (a *app) geoStatsCommand(dir *string) *cobra.Command {
	var form string
	c := &cobra.Command{Use: "stats", Short: "Show what the map was made of, how old it is and what it covers", Args: exactly(0),
		Example: "  meridian geo stats --geo /srv/meridian/geo"}
	outputFlag(c, &form, "text", "json")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, "text", "json"); err != nil {
			return err
		}
		s, err := geo.Stats(*dir)
		if err != nil {
			return err
		}
		if form == "json" {
			return printJSON(a.out, s)
		}
		if s.Hash == "" {
			fmt.Fprintf(a.out, "There is no location map in %s; \"meridian geo update\" makes one.\n", *dir)
			return nil
		}
		tw := tabwriter.NewWriter(a.out, 2, 0, 2, ' ', 0)
		fmt.Fprintf(tw, "Map:\t%s\n", s.Hash)
		fmt.Fprintf(tw, "Compiled:\t%s\n", first(when(s.Compiled), "elsewhere"))
		if s.AgeDays >= 0 {
			fmt.Fprintf(tw, "Age of data:\t%s\n", plural(s.AgeDays, "day"))
		}
		fmt.Fprintf(tw, "Ranges:\t%d IPv4, %d IPv6, %s\n", s.About.Ranges4, s.About.Ranges6, plural(s.About.Places, "place"))
		fmt.Fprintf(tw, "Placed:\t%d IPv4 addresses\n", s.Counts.V4Placed)
		for _, src := range s.About.Sources {
			fmt.Fprintf(tw, "Source:\t%s\n", sourceText(src.Name, src.Date))
		}
		for _, text := range s.About.Attribution {
			fmt.Fprintf(tw, "Attribution:\t%s\n", text)
		}
		return tw.Flush()
	}
	return c
}

func sourceText(name, date string) string {
	if date == "" {
		return name
	}
	return name + " of " + date
}
