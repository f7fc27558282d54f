package cli

import (
	"github.com/meridian-gtm/meridian/config"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/spf13/cobra"
)

// grantFlags are the flags that say what somebody shall be allowed.
type grantFlags struct {
	role   string
	labels []string
	grants []string
}

func (g *grantFlags) add(c *cobra.Command, role string) {
	c.Flags().StringVar(&g.role, "role", role, "`ROLE`: viewer (reads), operator (changes configuration) or admin")
	c.Flags().StringArrayVar(&g.labels, "label", nil, "with the role operator: only objects that carry `K=V`; may be repeated, for all of them")
	c.Flags().StringArrayVar(&g.grants, "grant", nil, "in place of --role and --label, and repeated for more than one: `ROLE[:K=V,K=V]`")
}

// body puts what the flags say into the body of a request.
func (g *grantFlags) body(c *cobra.Command, body map[string]any) error {
	if len(g.grants) > 0 {
		if c.Flags().Changed("role") || len(g.labels) > 0 {
			return usagef("--grant stands in place of --role and --label; leave those out")
		}
		var list auth.Grants
		for _, s := range g.grants {
			one, err := auth.ParseGrant(s)
			if err != nil {
				return &usageError{err}
			}
			list = append(list, one)
		}
		body["grants"] = list
		return nil
	}
	if g.role != "" {
		body["role"] = g.role
	}
	labels, err := config.Labels(g.labels)
	if err != nil {
		return usagef("--label: %v", err)
	}
	if labels != nil {
		body["labels"] = labels
	}
	return nil
}
