package docs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/growbin/cluster/components/cost"
	"github.com/growbin/cluster/stacks"
)

// costs are the estimates that the documentation states.
type costs struct {
	prod, dev *cost.Table
	plans     []stacks.CostPlan
	settings  *stacks.Settings
}

func estimateCosts(root string) (*costs, error) {
	ctx, c := context.Background(), &costs{}
	for stack, table := range map[string]**cost.Table{"prod": &c.prod, "dev": &c.dev} {
		settings, err := stacks.ReadSettings(root, stack, nil)
		if err != nil {
			return nil, err
		}
		if *table, err = stacks.EstimateCost(ctx, settings); err != nil {
			return nil, err
		}
		if stack == "prod" {
			c.settings = settings
		}
	}
	var err error
	c.plans, err = stacks.CostPlans(ctx, c.settings)
	return c, err
}

// blocks are the generated blocks of the pages that state costs, by path and name.
func (c *costs) blocks() (map[string]map[string]string, error) {
	alternatives, err := c.alternatives()
	if err != nil {
		return nil, err
	}
	credits := sumOf(c.prod, cost.ItemCredits)
	return map[string]map[string]string{
		"README.md": {"cost": fmt.Sprintf("Estimated cost, on demand: prod %s USD a month (%s of it CPU credits), dev %s: [docs/cost.md](docs/cost.md).\n",
			c.prod.OnDemand(), credits, c.dev.OnDemand())},
		"README.ko.md": {"cost": fmt.Sprintf("예상 비용(온디맨드, 월): prod %s USD(CPU 크레딧 %s 포함), dev %s USD. [docs/cost.md](docs/cost.md)\n",
			c.prod.OnDemand(), credits, c.dev.OnDemand())},
		"docs/cost.md": {"lead": c.lead(), "way": c.inTheWay(), "plans": c.planTable(), "asleep": c.asleep(), "bill": c.bill(), "alternatives": alternatives},
	}, nil
}

// brief is the figure of the design in USD a month.
const brief = 240

// lead are the first lines of the page.
func (c *costs) lead() string {
	own, any := stacks.Cheapest(c.plans, true), stacks.Cheapest(c.plans, false)
	verdict := "cannot be had"
	if own.Monthly <= cost.ToCents(brief) {
		verdict = "can be had"
	}
	return fmt.Sprintf("**prod costs %s USD a month on demand. The brief's %d %s with its own machines at its own load: with\n"+
		"them the lowest figure is %s.** That is\n%s.\nWith other machines the lowest figure is %s: %s.\n",
		c.prod.OnDemand(), brief, verdict, own.Monthly, own.Title, any.Monthly, any.Title)
}

// inTheWay are the parts of prod's bill that no way to buy instances lowers.
func (c *costs) inTheWay() string {
	balancer := map[string]bool{}
	for _, l := range c.prod.Lines {
		if l.Item == "load balancer" {
			balancer[l.Resource] = true
		}
	}
	var credits, balancers, addresses, disks cost.Cents
	for _, l := range c.prod.Lines {
		switch {
		case l.Item == cost.ItemCredits:
			credits += l.OnDemand
		case balancer[l.Resource]:
			balancers += l.OnDemand
		case l.Item == "public IPv4":
			addresses += l.OnDemand
		case strings.HasSuffix(l.Item, "disk"):
			disks += l.OnDemand
		}
	}
	return fmt.Sprintf("| in the way | USD a month |\n|---|---|\n| CPU credits | %s |\n| the load balancer with its addresses | %s |\n| addresses of the nodes | %s |\n| disks | %s |\n",
		credits, balancers, addresses, disks)
}

func (c *costs) planTable() string {
	var out strings.Builder
	out.WriteString("| prod as | without credits | CPU credits | USD a month |\n|---|---|---|---|\n")
	for _, p := range c.plans {
		fmt.Fprintf(&out, "| %s | %s | %s | **%s** |\n", p.Title, p.Monthly-p.Credits, p.Credits, p.Monthly)
	}
	return out.String()
}

// bill is the table of both stacks by item.
func (c *costs) bill() string {
	var out strings.Builder
	out.WriteString("| item | prod | dev |\n|---|---|---|\n")
	var seen []string
	for _, l := range append(append([]cost.Line{}, c.prod.Lines...), c.dev.Lines...) {
		if item := l.Item; !strings.Contains(strings.Join(seen, "\n")+"\n", item+"\n") {
			seen = append(seen, item)
			fmt.Fprintf(&out, "| %s | %s | %s |\n", item, sumOf(c.prod, item), sumOf(c.dev, item))
		}
	}
	fmt.Fprintf(&out, "| **sum** | **%s** | **%s** |\n\nBoth together: %s USD a month.\n",
		c.prod.OnDemand(), c.dev.OnDemand(), c.prod.OnDemand()+c.dev.OnDemand())
	return out.String()
}

// asleep is the bill of dev awake, asleep, and by the clock.
func (c *costs) asleep() string {
	return fmt.Sprintf("| dev | USD a month |\n|---|---|\n| always awake | %s |\n| saved asleep | %s |\n| **as it sleeps** | **%s** |\n| of it billed while asleep | %s |\n",
		c.dev.Bought()+c.dev.Saved(), c.dev.Saved(), c.dev.Bought(), c.dev.BilledAsleep())
}

func sumOf(table *cost.Table, item string) (sum cost.Cents) {
	for _, l := range table.Lines {
		if l.Item == item {
			sum += l.OnDemand
		}
	}
	return sum
}

// alternatives is a table of the nodes whose expected load is above the baseline, with the types that cost less.
func (c *costs) alternatives() (string, error) {
	prices, err := cost.ReadPrices(c.settings.Region)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString("| node | load | now, with credits | cheaper, with credits |\n|---|---|---|---|\n")
	for _, n := range c.settings.Nodes {
		load := n.ExpectedLoad()
		list, err := prices.Alternatives(n.Type(), load)
		if err != nil {
			return "", err
		}
		var now cost.Alternative
		var cheaper []string
		for _, a := range list {
			if a.Name == n.InstanceType {
				now = a
				break
			}
			cheaper = append(cheaper, fmt.Sprintf("%s %s", a.Name, a.Monthly()))
		}
		fmt.Fprintf(&out, "| `%s` | %g %% | %s: %s + %s | %s |\n", n.Name, load*100, now.Name, now.Instance, now.Credits, strings.Join(cheaper, ", "))
	}
	return out.String(), nil
}

// costPages returns the pages with their blocks of costs; pages are those that are generated already.
func costPages(root string, pages []File) ([]File, error) {
	c, err := estimateCosts(root)
	if err != nil {
		return nil, err
	}
	blocks, err := c.blocks()
	if err != nil {
		return nil, err
	}
	for path, named := range blocks {
		page := find(pages, path)
		if page == nil {
			content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
			if err != nil {
				return nil, err
			}
			pages = append(pages, File{path, content})
			page = &pages[len(pages)-1]
		}
		for name, text := range named {
			if page.Content, err = replaceBlock(page.Content, name, text); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	return pages, nil
}

func find(pages []File, path string) *File {
	for i := range pages {
		if pages[i].Path == path {
			return &pages[i]
		}
	}
	return nil
}
