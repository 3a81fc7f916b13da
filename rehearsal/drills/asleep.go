package drills

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/growbin/cluster/internal/iampolicy"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/apiobjects"
	"github.com/growbin/cluster/rehearsal/programs"
)

// The schedules of a night in their order, after the name of the cluster.
var (
	evening = []string{"silence", "sleep-rest", "sleep-stores"}
	morning = []string{"wake-stores", "wake-rest", "listen"}
)

func asleep() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "sleep", Program: programs.GrowbinName,
		About: "the schedules of a night, and growbin sleep and wake, stop all instances and start them again",
		Config: map[string]string{
			programs.KeySleep: "protected 20:00-08:00", programs.KeyOperators: fmt.Sprintf(`[%q,%q]`, programs.RoleARN(iampolicy.Deployer), programs.RoleARN(iampolicy.Verifier)),
		},
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			n := &night{Rehearsal: r, prefix: "growbin-" + r.Options.Stack + "-night-"}
			return []rehearsal.Phase{
				{Name: "remember", Do: n.remember},
				{Name: "evening", Do: n.sleep},
				{Name: "up while asleep", Do: n.refused},
				{Name: "morning", Do: n.wake},
				{Name: "compare", Do: n.compare},
				{Name: "growbin sleep", Do: n.sleepNow},
				{Name: "growbin wake", Do: n.wakeNow},
			}
		},
	}
}

// night is a night of the stack, with the state before it.
type night struct {
	*rehearsal.Rehearsal
	prefix   string
	machines map[string]*awssim.Machine
	claims   map[string]string
	lasting  apiobjects.Inventory
	growbin  *growbin
	// watched is the number of alarms that notify somebody by day.
	watched int
}

func (n *night) remember(ctx context.Context) error {
	n.machines = n.byName()
	client, err := n.Client(ctx)
	if err != nil {
		return err
	}
	if n.claims, err = boundClaims(ctx, client); err != nil {
		return err
	}
	n.lasting, err = apiobjects.Lasting(ctx, n.World.Cluster().Admin())
	return err
}

func (n *night) byName() map[string]*awssim.Machine {
	machines := map[string]*awssim.Machine{}
	for _, m := range n.Cloud.Machines() {
		machines[m.Name] = m
	}
	return machines
}

// run does the work of schedules, each after the boots that the one before it has begun.
func (n *night) run(ctx context.Context, names []string) error {
	for _, name := range names {
		if err := n.Cloud.RunSchedule(n.prefix + name); err != nil {
			return fmt.Errorf("schedule %s%s: %w", n.prefix, name, err)
		}
		if err := n.Cloud.WaitBoots(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (n *night) sleep(ctx context.Context) error {
	want := []string{}
	for _, name := range slices.Concat(evening, morning) {
		want = append(want, n.prefix+name)
	}
	slices.Sort(want)
	names := slices.Sorted(maps.Keys(n.Cloud.Schedules()))
	n.Compare("schedules of a night", len(want), len(names), slices.Equal(want, names))
	n.watched = n.notifying()
	if err := n.run(ctx, evening); err != nil {
		return err
	}
	n.compareAsleep("the schedules")
	return nil
}

// compareAsleep expects that everything is stopped, and nobody is notified.
func (n *night) compareAsleep(by string) {
	stopped := n.stopped()
	n.Compare("instances that "+by+" stopped", len(n.machines), stopped, stopped == len(n.machines))
	n.Compare("alarms that would notify somebody", n.watched, n.notifying(), n.notifying() == 0 && n.watched > 0)
}

func (n *night) stopped() (stopped int) {
	for _, state := range n.Cloud.InstanceStates() {
		stopped += count(state == "stopped")
	}
	return stopped
}

// notifying counts the alarms that notify somebody. A certificate ends at night, too.
func (n *night) notifying() (count int) {
	for name, enabled := range n.Cloud.AlarmActions() {
		if enabled && !strings.Contains(name, "-certificate-") {
			count++
		}
	}
	return count
}

// refused runs a preview and an update, which must name the way out.
func (n *night) refused(ctx context.Context) error {
	resources := len(n.Cloud.Resources())
	_, preview := n.Engine.Preview(ctx, "preview-asleep", noOptions)
	_, up := n.Engine.Up(ctx, "up-asleep", noOptions)
	for subject, err := range map[string]error{"a preview while asleep": preview, "an update while asleep": up} {
		refused := err != nil && strings.Contains(err.Error(), "is asleep") && strings.Contains(err.Error(), "growbin wake -s "+n.Options.Stack)
		n.Compare(subject, "–", "refused with the way out", refused)
	}
	n.Compare("resources in AWS", resources, len(n.Cloud.Resources()), resources == len(n.Cloud.Resources()))
	return nil
}

func (n *night) wake(ctx context.Context) error { return n.run(ctx, morning) }

func (n *night) compare(ctx context.Context) error {
	same, private, moved := 0, 0, 0
	for name, m := range n.byName() {
		before := n.machines[name]
		if before == nil {
			continue
		}
		same += count(m.ID == before.ID)
		private += count(m.PrivateIP == before.PrivateIP)
		moved += count(m.PublicIP != before.PublicIP)
		if name == n.Design.ControlPlane {
			n.Compare("public address of the control plane", before.PublicIP, m.PublicIP, m.PublicIP == before.PublicIP)
		}
	}
	all := len(n.machines)
	n.Compare("instances", all, same, same == all)
	n.Compare("private addresses", all, private, private == all)
	// AWS may give an instance the address again that it had.
	n.Compare("public addresses that AWS changed", 0, moved, moved > 0)
	n.Compare("alarms that notify", n.watched, n.notifying(), n.notifying() == n.watched)
	client, err := n.Client(ctx)
	if err != nil {
		return err
	}
	claims, err := boundClaims(ctx, client)
	if err != nil {
		return err
	}
	n.Compare("claims on the same volumes", len(n.claims), len(claims), maps.Equal(n.claims, claims))
	lasting, err := apiobjects.Lasting(ctx, n.World.Cluster().Admin())
	if err != nil {
		return err
	}
	compareLasting(n.Rehearsal, n.lasting, lasting)
	return nil
}

// sleepNow runs growbin sleep as a person does. The stack has deletionProtection meanwhile, which a stack of its kind need not have.
func (n *night) sleepNow(ctx context.Context) (err error) {
	if n.growbin, err = installGrowbin(ctx, n.Rehearsal, nil); err != nil {
		return err
	}
	protected := strconv.FormatBool(n.Design.Protected)
	if err := n.Set(ctx, programs.KeyDeletionProtection, "true"); err != nil {
		return err
	}
	for _, c := range []struct {
		role    iampolicy.Role
		args    []string
		message string
	}{{iampolicy.Deployer, []string{"sleep"}, "add --protected"}, {iampolicy.Verifier, []string{"sleep", "--protected"}, "AccessDenied"}} {
		out, err := n.growbin.as(ctx, c.role, c.args...)
		refused := err != nil && strings.Contains(out, c.message) && n.stopped() == 0 && n.notifying() == n.watched
		n.Compare(fmt.Sprintf("growbin %s as the %s", strings.Join(c.args, " "), c.role), "–", "refused: "+c.message, refused)
	}
	if _, err := n.growbin.as(ctx, iampolicy.Deployer, "sleep", "--protected"); err != nil {
		return err
	}
	n.compareAsleep("growbin sleep")
	return n.Set(ctx, programs.KeyDeletionProtection, protected)
}

// wakeNow runs growbin wake, which must wait until the cluster is as designed.
func (n *night) wakeNow(ctx context.Context) error {
	out, err := n.growbin.as(ctx, iampolicy.Deployer, "wake")
	designed := err == nil && strings.Contains(out, "is awake and as designed")
	n.Compare("growbin wake waits until the stack is as designed", true, designed, designed)
	if err != nil {
		return err
	}
	n.Compare("instances that are stopped", len(n.machines), n.stopped(), n.stopped() == 0)
	n.Compare("alarms that notify after growbin wake", n.watched, n.notifying(), n.notifying() == n.watched)
	out, err = n.growbin.as(ctx, iampolicy.Deployer, "wake")
	idle := err == nil && strings.Contains(out, "No instance of stack "+n.Options.Stack+" is stopped.")
	n.Compare("a second growbin wake has nothing to do", true, idle, idle)
	return err
}

func count(holds bool) int {
	if holds {
		return 1
	}
	return 0
}
