package drills

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/apiobjects"
	"github.com/growbin/cluster/rehearsal/boot"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/programs"
)

// lostResources are the targets of the refresh after the loss of the control plane: the instance, its volumes and its address.
// A refresh of the whole stack would take every object in the cluster for deleted while no API server answers
// (docs/recover.md).
const lostResources = "**Instance$aws:**::%s*"

// scheduleType is a schedule of a sleep, which names the instances that it stops or starts.
const scheduleType = "aws:scheduler/schedule:Schedule"

// drillObjects is the number of ConfigMaps that are written before the loss.
const drillObjects = 200

func controlPlane() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "control-plane", Program: programs.GrowbinName,
		About: "the control plane's instance is lost, its data volume is not",
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			l := &loss{Rehearsal: r}
			return []rehearsal.Phase{
				{Name: "write objects", Do: l.write},
				{Name: "lose the instance", Do: l.loseInstance},
				{Name: "refresh", Do: l.refresh},
				{Name: "recovering up", Do: l.up},
				{Name: "compare", Do: l.compareCluster},
			}
		},
	}
}

func volume() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "volume", Program: programs.GrowbinName,
		About: "the control plane's instance and its data volume are lost; the real etcdutl restores the snapshot of the real etcdctl",
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			l := &loss{Rehearsal: r}
			return []rehearsal.Phase{
				{Name: "write objects", Do: l.write},
				{Name: "backup", Do: l.backup},
				{Name: "write more", Do: l.writeMore},
				{Name: "lose instance and volume", Do: l.loseVolume},
				{Name: "refresh", Do: l.refresh},
				{Name: "recovering up", Do: l.up},
				{Name: "compare", Do: func(ctx context.Context) error { return errors.Join(l.compareCluster(ctx), l.compareBackup()) }},
			}
		},
	}
}

// loss is the loss of a control plane, with the state before and after it.
type loss struct {
	*rehearsal.Rehearsal
	before, after identity
	objects       apiobjects.Inventory
	// requests are sent all the while: no user needs the control plane.
	requests *requests
	// saved is the name of the backup, if there is one.
	saved string
	steps []engine.Change
}

// identity distinguishes a recovered cluster from a new one.
type identity struct {
	instance, volume, authority, certificate string
}

// identify reads the exported kubeconfig and the instance in AWS.
func (l *loss) identify(ctx context.Context) (identity, *rest.Config, error) {
	config, err := l.RESTConfig(ctx)
	if err != nil {
		return identity{}, nil, err
	}
	config.QPS = -1 // client-go would otherwise write five objects a second
	machine, err := l.Cloud.Machine(l.Design.ControlPlane)
	if err != nil {
		return identity{}, nil, err
	}
	return identity{
		instance: machine.ID, volume: dataVolume(machine), authority: fingerprint(config.CAData), certificate: fingerprint(config.CertData),
	}, config, nil
}

// fingerprint is short enough for a table.
func fingerprint(certificate []byte) string {
	sum := sha256.Sum256(certificate)
	return hex.EncodeToString(sum[:6])
}

// write creates objects and counts all objects in the cluster.
func (l *loss) write(ctx context.Context) error {
	var config *rest.Config
	var err error
	if l.before, config, err = l.identify(ctx); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("client for the cluster: %w", err)
	}
	for i := range drillObjects {
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("drill-%03d", i)}, Data: map[string]string{"number": fmt.Sprint(i)}}
		if _, err := client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, object, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("write an object: %w", err)
		}
	}
	if l.objects, err = apiobjects.TakeInventory(ctx, config); err != nil {
		return err
	}
	l.Console.Logf("%d objects written; %d objects in the cluster", drillObjects, len(l.objects))
	if l.requests, err = sendRequests(ctx, l.Rehearsal, client); err != nil {
		return err
	}
	return l.compareResolvers(ctx, "before")
}

func (l *loss) backup(ctx context.Context) error {
	machine, err := l.Cloud.Machine(l.Design.ControlPlane)
	if err != nil {
		return err
	}
	manifest, err := l.World.Backup(ctx, boot.Simulated(l.Cloud, machine))
	l.saved = manifest.Name
	if err != nil {
		return err
	}
	node, err := userdata.ParseNode(machine.UserData)
	if err != nil {
		return err
	}
	// An intruder on the control plane would find the keys of the certificate authorities in it.
	_, err = machine.GetObject(node.BackupBucket, kubeadm.BackupLatest)
	denied := err != nil && strings.Contains(err.Error(), "AccessDenied")
	l.Compare("backups that the control plane may read while nothing is lost", 0, map[bool]int{true: 0, false: 1}[denied], denied)
	return nil
}

// afterBackup is an object that is created after the backup.
const afterBackup = "drill-after-backup"

func (l *loss) writeMore(ctx context.Context) error {
	client, err := l.Client(ctx)
	if err != nil {
		return err
	}
	_, err = client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: afterBackup}}, metav1.CreateOptions{})
	return err
}

func (l *loss) loseInstance(context.Context) error {
	l.Console.Logf("the host of %s fails", l.before.instance)
	return l.Cloud.LoseInstance(l.before.instance)
}

func (l *loss) loseVolume(ctx context.Context) error {
	if err := l.loseInstance(ctx); err != nil {
		return err
	}
	l.Console.Logf("the disk %s fails", l.before.volume)
	return errors.Join(l.Cloud.DeleteVolume(l.before.volume), l.World.RemoveVolume(l.before.volume))
}

// refresh lets Pulumi detect the lost resources, and nothing else.
func (l *loss) refresh(ctx context.Context) error {
	_, err := l.Engine.Refresh(ctx, "drill-refresh", fmt.Sprintf(lostResources, l.Design.ControlPlane))
	return err
}

func (l *loss) up(ctx context.Context) error {
	result, err := l.Engine.Up(ctx, "drill-up", noOptions)
	l.steps = result.Changes
	for _, step := range engine.Strings(l.steps) {
		l.Console.Logf("%s", step)
	}
	return err
}

// compareCluster checks that the cluster is the same one on another instance.
func (l *loss) compareCluster(ctx context.Context) error {
	var config *rest.Config
	var err error
	if l.after, config, err = l.identify(ctx); err != nil {
		return err
	}
	l.requests.compare(l.Rehearsal)
	objects, err := apiobjects.TakeInventory(ctx, config)
	if err != nil {
		return err
	}
	if err := l.compareResolvers(ctx, "after"); err != nil {
		return err
	}
	volumeHolds := (l.before.volume == l.after.volume) == (l.saved == "")
	l.Compare("instance", l.before.instance, l.after.instance, l.before.instance != l.after.instance)
	l.Compare("data volume", l.before.volume, l.after.volume, volumeHolds)
	l.Compare("certificate authority", l.before.authority, l.after.authority, l.before.authority == l.after.authority)
	l.Compare("certificate of the exported kubeconfig", l.before.certificate, l.after.certificate, l.before.certificate != l.after.certificate)
	missing := l.objects.Missing(objects)
	l.Compare("objects, by kind, name and UID", len(l.objects), len(l.objects)-len(missing), len(missing) == 0)
	for _, name := range missing[:min(len(missing), 5)] {
		l.Problem("drill %s: %s has changed", l.Options.Drill.Name, name)
	}
	unexpected := engine.Strings(slices.DeleteFunc(slices.Clone(l.steps), l.expectedStep))
	l.Compare("resources changed by the update; of them beyond the loss", len(l.steps)-len(unexpected), len(unexpected), len(unexpected) == 0)
	for _, step := range unexpected {
		l.Problem("drill %s: the update changed more than was lost: %s", l.Options.Drill.Name, step)
	}
	if l.saved != "" {
		_, found := objects["ConfigMap "+metav1.NamespaceDefault+"/"+afterBackup]
		l.Compare("object written after the backup", "there", map[bool]string{true: "there", false: "lost"}[found], !found)
	}
	return nil
}

// expectedStep reports whether a change follows from the loss: the instance with its volumes, attachments and alarm, the
// Kubernetes provider, the label of the node, the loan of the backups, and the schedules that name the instance. Nothing in the cluster may be replaced, created or deleted.
func (l *loss) expectedStep(step engine.Change) bool {
	switch step.Type {
	case "kubernetes:core/v1:NodePatch", "pulumi:providers:kubernetes", "aws:cloudwatch/metricAlarm:MetricAlarm", scheduleType:
		return step.Operation == "update"
	case "aws:iam/rolePolicy:RolePolicy":
		return step.Operation == "update" && strings.HasSuffix(step.Name, "-"+kubeadm.LentPolicyName)
	}
	module, _, _ := strings.Cut(step.Type, "/")
	return (module == "aws:ec2" || module == "aws:ebs") && strings.HasPrefix(step.Name, l.Design.ControlPlane)
}

// compareBackup checks that the new volume was restored from the backup, and that the instance reported it.
func (l *loss) compareBackup() error {
	machine, err := l.Cloud.Machine(l.Design.ControlPlane)
	if err != nil {
		return err
	}
	node, err := userdata.ParseNode(machine.UserData)
	if err != nil {
		return err
	}
	reported, err := l.Cloud.Parameter(node.BackupParameter)
	if err != nil {
		return err
	}
	l.Compare("backup reported in "+node.BackupParameter, l.saved, l.saved, strings.Contains(reported, l.saved) && strings.Contains(reported, "restore"))
	return nil
}
