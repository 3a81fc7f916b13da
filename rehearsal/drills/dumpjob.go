package drills

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/s3server"
	"github.com/growbin/cluster/internal/testing/realserver"
)

// dumpBucket lets the real AWS CLI use the simulated S3.
type dumpBucket struct {
	cloud  *awssim.Cloud
	server *s3server.Server
	// folder holds the program aws.
	folder string
}

// newDumpBucket installs the AWS CLI in a folder of the database server, whose account runs it.
func newDumpBucket(cloud *awssim.Cloud, folder string) (*dumpBucket, error) {
	cli, err := realserver.Find("aws")
	if err != nil {
		return nil, fmt.Errorf("the drill runs the real AWS CLI (Debian's package awscli): %w", err)
	}
	b := &dumpBucket{cloud: cloud, server: s3server.New(), folder: filepath.Join(folder, "cli")}
	if err := os.Mkdir(b.folder, 0o755); err != nil { //nolint:gosec // another account runs it
		return nil, fmt.Errorf("make a folder for the AWS CLI: %w", err)
	}
	return b, realserver.InstallAWSCLI(b.folder, cli, b.server.URL())
}

func (b *dumpBucket) path() string { return "PATH=" + b.folder + ":" + os.Getenv("PATH") }

// runJob runs the containers of a database's CronJob in order, on the database server: with their commands and variables, the
// role in AWS by a token of the job's service account, and the folders of this machine. It returns their logs by container.
func (b *dumpBucket) runJob(ctx context.Context, client kubernetes.Interface, s *databaseServer, database string) (map[string]string, error) {
	list, err := client.BatchV1().CronJobs("data").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list CronJobs: %w", err)
	}
	at := slices.IndexFunc(list.Items, func(j batchv1.CronJob) bool { return strings.HasSuffix(j.Name, "-backup-"+database) })
	if at < 0 {
		return nil, fmt.Errorf("database %s has no CronJob", database)
	}
	template := list.Items[at].Spec.JobTemplate.Spec.Template.Spec
	if len(template.InitContainers) != 1 || len(template.Containers) != 1 {
		return nil, fmt.Errorf("the job of %s has no two steps", database)
	}
	dump := b.variables(s, template.InitContainers[0], "PGHOST=127.0.0.1")
	logs := map[string]string{}
	if logs[template.InitContainers[0].Name], err = s.run(ctx, dump, s.script(template.InitContainers[0])); err != nil {
		return nil, err
	}
	session, err := b.session(ctx, client, template)
	if err != nil {
		return nil, err
	}
	env := append(b.variables(s, template.Containers[0]), b.server.Allow("DUMP"+strings.ToUpper(database), session)...)
	// The token was exchanged already: older versions of the CLI cannot be told where the simulated STS is.
	env = slices.DeleteFunc(append(env, b.path()), func(v string) bool { return strings.HasPrefix(v, "AWS_ROLE_ARN=") || strings.HasPrefix(v, "AWS_WEB") })
	logs[template.Containers[0].Name], err = s.run(ctx, env, s.script(template.Containers[0]))
	return logs, err
}

// session takes the role of a pod by a token of its service account, as STS does.
func (b *dumpBucket) session(ctx context.Context, client kubernetes.Interface, template corev1.PodSpec) (*awssim.Session, error) {
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: []string{pod.AWSAudience}}}
	token, err := client.CoreV1().ServiceAccounts("data").CreateToken(ctx, template.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("a token of service account %s: %w", template.ServiceAccountName, err)
	}
	role := ""
	for _, variable := range template.Containers[0].Env {
		if variable.Name == "AWS_ROLE_ARN" {
			role = variable.Value
		}
	}
	return b.cloud.AssumeRoleWithWebIdentity(role, "dump", token.Status.Token)
}

// variables are those of a container, with the folders of this machine for those of the container.
func (b *dumpBucket) variables(s *databaseServer, container corev1.Container, more ...string) []string {
	folders := strings.NewReplacer("/etc/postgresql-config", filepath.Join(s.folder, "config"), "/etc/postgresql-passwords", filepath.Join(s.folder, "passwords"),
		"/backups", s.backups(), "/tmp", s.folder)
	var env []string
	for _, variable := range container.Env {
		if variable.Name != "PGPORT" { // that of this machine
			env = append(env, variable.Name+"="+folders.Replace(variable.Value))
		}
	}
	return append(env, more...)
}
