package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/operations/roll"
	"github.com/growbin/cluster/rehearsal/verify"
	"github.com/growbin/cluster/stacks"
)

const (
	settingVersion = prefix + "kubernetesVersion"
	settingTypes   = prefix + "instanceTypes"
	// olderVersion is where the upgrade begins: what rehearsal/tools/kubernetes/v1.35 pins.
	olderVersion = "1.35.4"
	// movedNode gets another instance type, of the same size, and a newer image.
	movedNode, movedType = "k8s-worker-ai", "c6i.large"
	// cutNode is the one whose update is cut off: it keeps data.
	cutNode = "k8s-postgresql"
	// interruptAfter is the moment between what a roll says and its interruption.
	interruptAfter = 300 * time.Millisecond
)

func init() {
	drills["upgrade"] = drill{
		about:  "Kubernetes goes up one minor version, then one node gets a newer image and another instance type: one machine at a time",
		config: map[string]string{settingVersion: olderVersion},
		phases: func(r *rehearsal) []phase { return new(upgrade).phases(r) },
	}
}

// upgrade is the drill's memory.
type upgrade struct {
	r *rehearsal
	// wanted is the version of the stack's file.
	wanted string
	// events is how long the machines' log was before, lasting what must survive, budgets who watches the pods.
	events  int
	lasting map[string]types.UID
	budgets *budgets
	stop    context.CancelFunc
	// plans are the nodes that each run had left, backups how often etcd was saved.
	plans   [][]string
	backups int
}

func (u *upgrade) phases(r *rehearsal) []phase {
	u.r = r
	return []phase{
		{"edit the version", u.edit},
		{"roll, interrupted", u.interrupted},
		{"roll, cut off", u.cutOff},
		{"roll on", u.rollOn},
		{"after the roll", u.judge},
		{"image and type", u.move},
	}
}

// edit changes the version as a person would. A plain up must then leave every machine alone.
func (u *upgrade) edit(ctx context.Context) error {
	r := u.r
	config, secrets := r.ownConfig()
	maps.Copy(config, secrets)
	delete(config, settingVersion)
	settings, err := loadSettings(r.options.root, r.options.stack, config)
	if err != nil {
		return err
	}
	u.wanted = settings.KubernetesVersion
	if err := u.remember(ctx); err != nil {
		return err
	}
	if err := r.engine.SetConfig(ctx, settingVersion, u.wanted); err != nil {
		return err
	}
	r.settings.KubernetesVersion = u.wanted
	result, err := r.engine.Up(ctx, "edited-version")
	if err != nil {
		return err
	}
	r.compare("machines replaced by a plain up after the version was edited", "–", result.Replaced, result.Changed() == 0)
	return nil
}

// remember notes what is there before, and puts a mark of its own.
func (u *upgrade) remember(ctx context.Context) error {
	client, err := u.r.client(ctx)
	if err != nil {
		return err
	}
	mark := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "before-the-upgrade"}, Data: map[string]string{"version": olderVersion}}
	if _, err := client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, mark, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("put a mark into the cluster: %w", err)
	}
	if u.lasting, err = verify.Lasting(ctx, u.r.world.Cluster().Admin()); err != nil {
		return err
	}
	u.events = u.r.machines.len()
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	u.stop = stop
	u.r.closers = append(u.r.closers, stop)
	u.budgets, err = watchBudgets(watching, client)
	return err
}

// interrupted is stopped in the middle of the first drain that has to wait for a budget: one pod has moved, others have not.
func (u *upgrade) interrupted(ctx context.Context) error {
	return u.rollUntil(ctx, func(said string) bool { return strings.Contains(said, "waiting: in namespace") })
}

// cutOff is stopped while Pulumi replaces the machine of a node that keeps data. Where exactly is left to chance.
func (u *upgrade) cutOff(ctx context.Context) error {
	return u.rollUntil(ctx, func(said string) bool { return said == cutNode+": replacing the machine" })
}

// rollUntil rolls, and is interrupted a moment after the roll has said something.
func (u *upgrade) rollUntil(ctx context.Context, moment func(said string) bool) error {
	ctx, interrupt := context.WithCancel(ctx)
	defer interrupt()
	o := u.options()
	say := o.Say
	o.Say = func(format string, args ...any) {
		say(format, args...)
		if moment(fmt.Sprintf(format, args...)) {
			time.AfterFunc(interruptAfter, interrupt)
		}
	}
	err := roll.Run(ctx, o)
	switch {
	case err == nil:
		return errors.New("the roll came to its end before it was interrupted")
	case ctx.Err() == nil:
		return err
	}
	u.r.out.say("interrupted: %s", strings.SplitN(err.Error(), "\n", 2)[0])
	return nil
}

// rollOn rolls again, from wherever it stopped.
func (u *upgrade) rollOn(ctx context.Context) error {
	if err := roll.Run(ctx, u.options()); err != nil {
		return err
	}
	var sizes []int
	for _, plan := range u.plans {
		sizes = append(sizes, len(plan))
	}
	first := len(sizes) == 3 && sizes[0] == len(u.r.settings.Nodes)
	u.r.compare("nodes that each run found left to do", fmt.Sprint(len(u.r.settings.Nodes)), fmt.Sprint(sizes),
		first && sizes[0] > sizes[1] && sizes[1] > sizes[2] && sizes[2] > 0)
	u.r.compare("backups of etcd before the upgrade", 0, u.backups, u.backups == 1)
	return nil
}

// options note each plan and each backup.
func (u *upgrade) options() roll.Options {
	o := u.r.rollOptions()
	o.Confirm = func(plan *roll.Plan) (bool, error) {
		var nodes []string
		for _, step := range plan.Steps {
			nodes = append(nodes, step.Node)
		}
		u.plans = append(u.plans, nodes)
		return true, plan.Print(u.r.out.writer)
	}
	save := o.Backup
	o.Backup = func(ctx context.Context, m roll.Machine) error {
		err := save(ctx, m)
		if err == nil {
			u.backups++
		}
		return err
	}
	return o
}

// judge compares the cluster after the roll with what it was before.
func (u *upgrade) judge(ctx context.Context) error {
	r := u.r
	u.stop()
	client, err := r.client(ctx)
	if err != nil {
		return err
	}
	server, err := client.Discovery().ServerVersion()
	if err != nil {
		return fmt.Errorf("ask the API server for its version: %w", err)
	}
	r.compare("API server", "v"+olderVersion, server.GitVersion, server.GitVersion == "v"+u.wanted)
	if err := u.kubelets(ctx, client); err != nil {
		return err
	}
	u.machines()
	broken, count := u.budgets.broken()
	r.compare("PodDisruptionBudgets broken at any time", fmt.Sprintf("%d budgets", count), text(broken), count > 0 && len(broken) == 0)
	lasting, err := verify.Lasting(ctx, r.world.Cluster().Admin())
	if err != nil {
		return err
	}
	r.compareLasting(u.lasting, lasting)
	mark, err := client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Get(ctx, "before-the-upgrade", metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("find the mark again: %w", err)
	}
	r.compare("a mark made before", olderVersion, mark.Data["version"], mark.Data["version"] == olderVersion)
	return client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Delete(ctx, mark.Name, metav1.DeleteOptions{})
}

func (u *upgrade) kubelets(ctx context.Context, client kubernetes.Interface) error {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list nodes: %w", err)
	}
	versions := map[string]int{}
	for i := range nodes.Items {
		versions[nodes.Items[i].Status.NodeInfo.KubeletVersion]++
	}
	all := len(u.r.settings.Nodes)
	u.r.compare("kubelets", fmt.Sprintf("%d of v%s", all, olderVersion), fmt.Sprintf("%d of v%s", versions["v"+u.wanted], u.wanted),
		len(nodes.Items) == all && versions["v"+u.wanted] == all)
	return nil
}

// machines judges the order in which EC2 was told to terminate and launch.
func (u *upgrade) machines() {
	names := make([]string, 0, len(u.r.settings.Nodes))
	temporary := []string{}
	for _, node := range u.r.settings.Nodes {
		names = append(names, node.Name)
		temporary = append(temporary, stacks.SurgeName(node.Name))
	}
	events := u.r.machines.since(u.events)
	most, replaced, order := away(events, names)
	once := len(replaced) == len(names)
	for _, count := range replaced {
		once = once && count == 1
	}
	first := ""
	if len(order) > 0 {
		first = order[0]
	}
	u.r.compare("machines away at once, at most", 0, most, most == 1)
	u.r.compare("machines replaced, each once", 0, len(order), once && len(order) == len(names))
	u.r.compare("the first machine replaced", "–", first, first == stacks.ControlPlane(u.r.settings.Nodes).Name)
	_, gone, _ := away(events, temporary)
	left := 0
	for _, name := range temporary {
		if _, err := u.r.cloud.Machine(name); err == nil {
			left++
		}
	}
	u.r.compare("temporary machines left", fmt.Sprintf("%d came and went", len(gone)), left, left == 0 && len(gone) > 0)
}

// move has a newer image published and gives one node another type. Only that node is rolled.
func (u *upgrade) move(ctx context.Context) error {
	r := u.r
	before, err := r.cloud.Machine(movedNode)
	if err != nil {
		return err
	}
	image, err := r.cloud.ReleaseImage(stacks.ImageParameter)
	if err != nil {
		return err
	}
	if err := r.engine.SetConfigPath(ctx, settingTypes+"[0]", movedNode+"="+movedType); err != nil {
		return err
	}
	if r.settings.Nodes, err = stacks.Topology(map[string]string{movedNode: movedType}); err != nil {
		return err
	}
	result, err := r.engine.Up(ctx, "edited-type")
	if err != nil {
		return err
	}
	r.compare("machines replaced by a plain up after type and image changed", "–", result.Replaced, result.Changed() == 0)
	began := r.machines.len()
	o := r.rollOptions()
	o.Only = []string{movedNode}
	if err := roll.Run(ctx, o); err != nil {
		return err
	}
	after, err := r.cloud.Machine(movedNode)
	if err != nil {
		return err
	}
	r.compare("image and type of "+movedNode, before.ImageID+" "+before.InstanceType, after.ImageID+" "+after.InstanceType,
		after.ImageID == image && after.InstanceType == movedType && before.ID != after.ID)
	var all []string
	for _, node := range r.settings.Nodes {
		all = append(all, node.Name)
	}
	_, replaced, _ := away(r.machines.since(began), all)
	r.compare("machines replaced with it", "–", len(replaced)-1, len(replaced) == 1)
	return nil
}

// compareLasting compares what must outlive machines, object by object.
func (r *rehearsal) compareLasting(before, after map[string]types.UID) {
	var lost []string
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if after[name] != before[name] {
			lost = append(lost, name)
		}
	}
	r.compare("objects that are still the same", len(before), len(before)-len(lost), len(lost) == 0 && len(before) > 0)
	if len(lost) > 0 {
		r.problem("lost or made anew: %s", strings.Join(lost, ", "))
	}
}

// text lists what was found, or says that there is nothing.
func text(found []string) string {
	if len(found) == 0 {
		return "none"
	}
	return strings.Join(found, "; ")
}
