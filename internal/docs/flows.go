package docs

import (
	"slices"

	"github.com/growbin/cluster/stacks"
)

// flow is a queue or a store with the applications around it.
type flow struct {
	from   []chip
	middle chip
	to     []chip // empty for a store
}

// needTargets are the stores and outside APIs by the environment variable that an application gets for them.
var needTargets = []struct{ variable, title string }{
	{"AWS_S3_BUCKET", "S3: images"},
	{"OPENAI_API_KEY", "OpenAI API"},
	{"KAKAO_API_KEY", "Kakao Map API"},
}

func (d *drawing) application(a stacks.Application) chip { return chip{a.Name, d.colors[a.Node]} }

// queueFlows lists the queues in the order in which the applications publish to them.
func (d *drawing) queueFlows() []flow {
	var names []string
	flows := map[string]*flow{}
	at := func(queue string) *flow {
		if flows[queue] == nil {
			names = append(names, queue)
			flows[queue] = &flow{middle: chip{queue, roleColors[stacks.RoleInfrastructure]}}
		}
		return flows[queue]
	}
	for _, a := range stacks.Applications() {
		for _, queue := range a.Publishes {
			at(queue).from = append(at(queue).from, d.application(a))
		}
		if a.Queue != "" {
			at(a.Queue).to = append(at(a.Queue).to, d.application(a))
		}
	}
	var list []flow
	for _, name := range names {
		list = append(list, *flows[name])
	}
	return append(list, d.deadLetters())
}

// deadLetters leads from the queues that have a dead-letter queue to that queue, which people read.
func (d *drawing) deadLetters() flow {
	color := roleColors[stacks.RoleInfrastructure]
	sources, target := stacks.DeadLetters()
	f := flow{middle: chip{target, color}}
	for _, queue := range sources {
		f.from = append(f.from, chip{queue, color})
	}
	return f
}

// dataFlows lists databases, uses of Redis and APIs outside the cluster, each with the applications that connect to it.
func (d *drawing) dataFlows() []flow {
	var list []flow
	add := func(title string, color roleColor, uses func(stacks.Application) bool) {
		f := flow{middle: chip{title, color}}
		for _, a := range stacks.Applications() {
			if uses(a) {
				f.from = append(f.from, d.application(a))
			}
		}
		if len(f.from) > 0 {
			list = append(list, f)
		}
	}
	store := roleColors[stacks.RoleInfrastructure]
	for _, name := range distinct(func(a stacks.Application) string { return a.Database }) {
		add("PostgreSQL: "+name, store, func(a stacks.Application) bool { return a.Database == name })
	}
	for _, use := range distinct(func(a stacks.Application) string { return string(a.Cache) }) {
		add("Redis: "+use, store, func(a stacks.Application) bool { return string(a.Cache) == use })
	}
	for _, target := range needTargets {
		add(target.title, outside, func(a stacks.Application) bool {
			for _, need := range a.Needs {
				if string(need) == target.variable {
					return true
				}
			}
			return false
		})
	}
	return list
}

// distinct returns the values of a column of the table of applications, without blanks, in the table's order.
func distinct(column func(stacks.Application) string) []string {
	var values []string
	for _, a := range stacks.Applications() {
		if value := column(a); value != "" && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values
}

// flows draws a box with one row per flow and returns the y below it.
func (d *drawing) flows(x, y, width float64, title string, flows []flow) float64 {
	const arrow = 34.0
	middle, to := 0.0, 0.0
	for _, f := range flows {
		middle = max(middle, f.middle.width())
		for _, c := range f.to {
			to = max(to, c.width())
		}
	}
	from := width - 2*padding - arrow - middle
	if to > 0 {
		from -= arrow + to
	}
	below := d.canvas
	d.canvas = canvas{}
	top := y + 40
	for _, f := range flows {
		height := d.chips(x+padding, top, from, f.from)
		center := top + height/2
		left := x + padding + from
		d.arrow(left+4, center, left+arrow-4, center)
		d.chips(left+arrow, center-chipHeight/2, middle+1, []chip{f.middle})
		left += arrow + middle
		for i, c := range f.to {
			at := center + (float64(i)-float64(len(f.to)-1)/2)*(chipHeight+chipGap)
			d.arrow(left-middle+f.middle.width()+4, center, left+arrow-4, at)
			d.chips(left+arrow, at-chipHeight/2, to+1, []chip{c})
		}
		top += height + 14
	}
	drawn := d.String()
	d.canvas = below
	d.rect(x, y, width, top-y, 8, colorZone, colorFrame)
	d.text(x+padding, y+24, label{size: 13, color: colorText, weight: "600"}, title)
	d.WriteString(drawn)
	return top
}
