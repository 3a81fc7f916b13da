package docs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/growbin/cluster/stacks"
)

const (
	colorText  = "#1f2328"
	colorFaint = "#59636e"
	colorLine  = "#59636e"
	colorFrame = "#d1d9e0"
	colorZone  = "#f6f8fa"

	pictureWidth = 1240.0
	margin       = 24.0
	zoneGap      = 16.0
	padding      = 12.0
	cardHead     = 28.0
)

type roleColor struct{ dark, light string }

var roleColors = map[stacks.Role]roleColor{
	stacks.RoleControlPlane:   {"#5746af", "#edeaff"},
	stacks.RoleAPI:            {"#0b62b8", "#e1f0ff"},
	stacks.RoleWorker:         {"#1d7449", "#e2f6ea"},
	stacks.RoleInfrastructure: {"#a35200", "#fff0dd"},
}

// roleOrder is the order of the nodes in a zone, from top to bottom.
var roleOrder = []stacks.Role{stacks.RoleControlPlane, stacks.RoleAPI, stacks.RoleWorker, stacks.RoleInfrastructure}

var outside = roleColor{"#59636e", "#ffffff"}

// drawing is a picture in progress.
type drawing struct {
	canvas
	nodes  []stacks.Node
	colors map[string]roleColor // by node
}

// picture draws the zones with their nodes and pods, and below them who exchanges data with whom.
func picture() ([]byte, error) {
	nodes, err := stacks.Topology("prod", nil)
	if err != nil {
		return nil, err
	}
	d := &drawing{nodes: nodes, colors: map[string]roleColor{}}
	for _, n := range nodes {
		d.colors[n.Name] = roleColors[n.Role]
	}
	totals := stacks.Sum(nodes)
	d.text(margin, 36, label{size: 20, color: colorText, weight: "600"}, "Growbin cluster")
	d.text(margin, 58, label{size: 13, color: colorFaint}, fmt.Sprintf("%d EC2 instances · %d vCPU · %d GiB memory · %d GB gp3 · one VPC over three zones",
		totals.Nodes, totals.VCPU, totals.MemoryGiB, totals.DiskGiB))
	d.legend()
	bottom := d.zones(112)
	half := (pictureWidth - 2*margin - zoneGap) / 2
	left := d.flows(margin, bottom+zoneGap, half, "Tasks: who publishes to a queue, and which worker consumes it", d.queueFlows())
	right := d.flows(margin+half+zoneGap, bottom+zoneGap, half, "Data: who uses which store or outside API", d.dataFlows())
	height := max(left, right) + margin

	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif">
<title>Growbin cluster: zones, nodes, pods and flows</title>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="%s"/></marker></defs>
`, pictureWidth, height, pictureWidth, height, colorLine)
	out.WriteString(`<rect width="100%" height="100%" fill="#ffffff"/>` + "\n")
	out.WriteString(d.String())
	out.WriteString("</svg>\n")
	return []byte(out.String()), nil
}

func (d *drawing) legend() {
	x := pictureWidth - margin
	for _, role := range slices.Backward(roleOrder) {
		text := string(role)
		x -= textWidth(text, 12)
		d.text(x, 36, label{size: 12, color: colorFaint}, text)
		x -= 18
		d.rect(x, 26, 12, 12, 3, roleColors[role].dark, roleColors[role].dark)
		x -= 16
	}
	d.text(pictureWidth-margin, 58, label{size: 12, color: colorFaint, anchor: "end"},
		"on every node: kubelet, kube-proxy, Calico (VXLAN), node-exporter")
}

// zones draws one column per zone and returns the y below them.
func (d *drawing) zones(y float64) float64 {
	byZone := map[int][]stacks.Node{}
	count := 0
	for _, n := range d.nodes {
		byZone[n.Zone] = append(byZone[n.Zone], n)
		count = max(count, n.Zone+1)
	}
	width := (pictureWidth - 2*margin - float64(count-1)*zoneGap) / float64(count)
	// The way to the API server, which stands first in its zone.
	master := stacks.ControlPlane(d.nodes)
	x := margin + float64(master.Zone)*(width+zoneGap) + padding + 40
	d.text(x+10, y-22, label{size: 12, color: colorText}, "pulumi, kubectl: Session Manager → 6443")
	d.text(pictureWidth-margin, y-22, label{size: 12, color: colorText, anchor: "end"}, "users: load balancer (80, 443) → node ports of the APIs")
	bottom := y
	var cards canvas
	cards, d.canvas = d.canvas, canvas{} // frames go below cards, and their height is known after them
	for zone := range count {
		left := margin + float64(zone)*(width+zoneGap)
		top := y + 34
		nodes := byZone[zone]
		slices.SortStableFunc(nodes, func(a, b stacks.Node) int {
			return slices.Index(roleOrder, a.Role) - slices.Index(roleOrder, b.Role)
		})
		for _, n := range nodes {
			top += d.card(n, left+padding, top, width-2*padding) + padding
		}
		bottom = max(bottom, top)
	}
	drawn := d.String()
	d.canvas = cards
	for zone := range count {
		left := margin + float64(zone)*(width+zoneGap)
		d.rect(left, y, width, bottom-y, 8, colorZone, colorFrame)
		d.text(left+width-padding, y+22, label{size: 13, color: colorFaint, weight: "600", anchor: "end"},
			fmt.Sprintf("zone %c · public subnet", zoneLetters[zone]))
	}
	d.WriteString(drawn)
	d.arrow(x, y-34, x, y+32)
	return bottom
}

// card draws a node and returns its height.
func (d *drawing) card(n stacks.Node, x, y, width float64) float64 {
	color := roleColors[n.Role]
	var chips []chip
	for _, p := range podsByNode()[n.Name] {
		chips = append(chips, chip{p.String(), color})
	}
	facts := fmt.Sprintf("%d vCPU · %d GiB · root %d GB", n.Type().VCPU, n.Type().MemoryMiB/1024, n.RootGiB)
	if n.DataGiB > 0 {
		facts += fmt.Sprintf(" · data %d GB", n.DataGiB)
	}
	if n.Band != nil {
		facts += fmt.Sprintf(" · load %g–%g %%", n.Band.Low, n.Band.High)
	}
	purpose := wrap(n.Purpose, 11, width-2*padding) // prose is narrower than the names in chips
	inside := d.canvas
	d.canvas = canvas{}
	top := y + cardHead + 20
	for _, line := range purpose {
		d.text(x+padding, top, label{size: 12, color: colorText}, line)
		top += 16
	}
	d.text(x+padding, top, label{size: 11.5, color: colorFaint}, facts)
	top += 10
	if len(chips) > 0 {
		top += d.chips(x+padding, top, width-2*padding, chips)
	}
	height := top + padding - y
	drawn := d.String()
	d.canvas = inside
	d.rect(x, y, width, height, 6, "#ffffff", color.dark)
	d.rect(x, y, width, cardHead, 6, color.dark, color.dark)
	d.text(x+padding, y+19, label{size: 13.5, color: "#ffffff", weight: "600"}, n.Name)
	d.text(x+width-padding, y+19, label{size: 12, color: "#ffffff", anchor: "end"}, n.InstanceType)
	d.WriteString(drawn)
	return height
}
