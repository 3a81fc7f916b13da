package verify

import (
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/cert"
)

// VersionDifferences lists the nodes that do not run the version, e.g. 1.36.3, and the API server if it does not.
func (s *Snapshot) VersionDifferences(version string) []string {
	var d differences
	if found := strings.TrimPrefix(s.Version, "v"); found != version {
		d.add("the API server runs %s, must be %s", found, version)
	}
	for i := range s.Nodes {
		if found := strings.TrimPrefix(s.Nodes[i].Status.NodeInfo.KubeletVersion, "v"); found != version {
			d.add("node %s runs %s, must be %s", s.Nodes[i].Name, found, version)
		}
	}
	return d
}

// Overdue lists the CronJobs, unless suspended, without a success in the given time, e.g. backups. A new one has the same time.
func (s *Snapshot) Overdue(now time.Time, limit time.Duration) []string {
	var d differences
	for i := range s.CronJobs {
		job := &s.CronJobs[i]
		if suspended(job) {
			continue
		}
		last := job.CreationTimestamp.Time
		if success := job.Status.LastSuccessfulTime; success != nil && success.After(last) {
			last = success.Time
		}
		if age := now.Sub(last); age > limit {
			d.add("CronJob %s has had no success for %s, must have one every %s", FullName(job), age.Round(time.Minute), limit)
		}
	}
	return d
}

func suspended(job *batchv1.CronJob) bool { return job.Spec.Suspend != nil && *job.Spec.Suspend }

// Expiring lists the client certificates of a kubeconfig that end before the time.
func Expiring(kubeconfig []byte, before time.Time) ([]string, error) {
	config, err := clientcmd.Load(kubeconfig)
	if err != nil {
		return nil, err
	}
	var d differences
	for name, user := range config.AuthInfos {
		if len(user.ClientCertificateData) == 0 {
			continue
		}
		certificates, err := cert.ParseCertsPEM(user.ClientCertificateData)
		if err != nil {
			return nil, err
		}
		for _, c := range certificates {
			if c.NotAfter.Before(before) {
				d.add("the certificate of %s ends on %s", name, c.NotAfter.UTC().Format(time.DateOnly))
			}
		}
	}
	slices.Sort(d)
	return d, nil
}
