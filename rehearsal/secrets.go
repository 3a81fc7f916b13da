package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/apiobjects"
	"github.com/growbin/cluster/rehearsal/boot"
	"github.com/growbin/cluster/rehearsal/canary"
)

// etcdKey matches the key with which Secrets are encrypted in etcd, in an EncryptionConfiguration.
var etcdKey = regexp.MustCompile(`"?secret"?: *"?([A-Za-z0-9+/=]{20,})"?`)

// clientKey matches the private key in a kubeconfig.
var clientKey = regexp.MustCompile(`client-key-data: ([A-Za-z0-9+/=]+)`)

// searchSecrets looks for the value of each secret of the stack in all places where an outsider could find it.
func (r *Rehearsal) searchSecrets(ctx context.Context) error {
	machine, err := r.Cloud.Machine(r.Design.ControlPlane)
	if err != nil {
		return err
	}
	node, err := userdata.ParseNode(machine.UserData)
	if err != nil {
		return err
	}
	values, err := r.secretValues(ctx, node)
	if err != nil {
		return err
	}
	search, err := canary.New(values)
	if err != nil {
		return err
	}
	if err := r.searchFiles(search); err != nil {
		return err
	}
	if err := r.searchMachines(search); err != nil {
		return err
	}
	if err := apiobjects.Every(ctx, r.World.Cluster().Admin(), []string{"secrets"}, func(kind string, object *unstructured.Unstructured) {
		text, err := json.Marshal(object.Object)
		if err != nil {
			r.Problem("%s %s: %v", kind, object.GetName(), err)
		}
		search.In(kind+" "+object.GetNamespace()+"/"+object.GetName(), text)
	}); err != nil {
		return err
	}
	if node.BackupBucket != "" {
		if _, err := r.World.Backup(ctx, boot.Simulated(r.Cloud, machine)); err != nil {
			return err
		}
		archive, err := r.Cloud.GetObject(node.BackupBucket, kubeadm.BackupLatest)
		if err != nil {
			return err
		}
		if err := search.InArchive("the backup", archive); err != nil {
			return err
		}
	}
	if err := search.InCommandLines(); err != nil {
		return err
	}
	report, err := json.Marshal(r.report)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	search.In("the report", report)
	for _, leak := range search.Found() {
		r.Problem("%s", leak)
	}
	r.Console.Logf("%d secrets searched for in %d places, %d MiB; %d found", len(values), search.Places, search.Bytes>>20, len(search.Found()))
	return nil
}

// secretValues returns the secrets of the stack by origin: settings, generated values, the deployer's key and etcd's.
func (r *Rehearsal) secretValues(ctx context.Context, node *userdata.Node) (map[string]string, error) {
	values := maps.Clone(r.secrets)
	generated, err := r.Engine.Generated(ctx)
	if err != nil {
		return nil, err
	}
	maps.Copy(values, generated)
	for parameter, pattern := range map[string]*regexp.Regexp{
		kubeadm.EncryptionParameter(node.Cluster): etcdKey, kubeadm.KubeconfigParameter(node.Cluster): clientKey,
	} {
		text, err := r.Cloud.Parameter(parameter)
		if err != nil {
			return nil, err
		}
		match := pattern.FindStringSubmatch(text)
		if match == nil {
			return nil, fmt.Errorf("parameter %s holds no key", parameter)
		}
		values["parameter "+parameter] = match[1]
	}
	return values, nil
}

// searchFiles searches the state, the settings and the logs of Pulumi, all logs, and etcd's files. The disks of the machines hold
// keys in other files, for the root of the machine alone, and the kubeconfig is for the person at this computer: the file of the
// rehearsal, and those that the Kubernetes provider leaves in the temporary folder.
func (r *Rehearsal) searchFiles(search *canary.Search) error {
	outside, err := filepath.Glob(filepath.Join(os.TempDir(), "kubeconfig*"))
	if err != nil {
		return fmt.Errorf("find kubeconfigs in the temporary folder: %w", err)
	}
	for _, path := range outside {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // another person's
		}
		search.In(path, text)
	}
	return search.InFiles(r.state, func(path string) bool {
		if left, _ := filepath.Match(filepath.Join("tmp", "kubeconfig*"), path); left || path == filepath.Base(r.KubeconfigPath()) {
			return false
		}
		first, rest, _ := strings.Cut(path, string(filepath.Separator))
		return first != "world" || strings.Contains(rest, string(filepath.Separator)+"etcd"+string(filepath.Separator)+"member"+string(filepath.Separator))
	})
}

// searchMachines searches the user data, which everyone who may describe an instance can read.
func (r *Rehearsal) searchMachines(search *canary.Search) error {
	for _, machine := range r.Cloud.Machines() {
		document, err := userdata.Decode(machine.UserData)
		if err != nil {
			return err
		}
		for _, file := range document.Files {
			search.In("the user data of "+machine.Name+", "+file.Path, []byte(file.Content))
		}
	}
	return nil
}
