package stacks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/workload"
)

const (
	apiListenPort = 8000
	beatStateDir  = "/var/run/celery"
	// celeryGraceSeconds is the time in which a worker can complete its tasks: an analysis by the AI API takes up to a minute.
	celeryGraceSeconds = 120
	// apiReadyPath answers 200 if an API can serve requests.
	apiReadyPath = "/ready"
	// answerSeconds is the longest time that an API may take to answer. The 95th percentile of LLM answers is 173 s.
	answerSeconds = 300
	// apiGraceSeconds lets a stopping API complete its answers.
	apiGraceSeconds = answerSeconds + 30
)

// module returns the Python module of a Celery application, e.g. workers.image_uploader.
func (a Application) module() string { return "workers." + strings.ReplaceAll(a.Name, "-", "_") }

// command returns the command of a Celery application; nil for an API, whose image has one.
func (a Application) command(logLevel string) []string {
	celery := []string{"celery", "-A", a.module()}
	switch a.Kind {
	case kindWorker:
		return append(celery, "worker", "--loglevel="+logLevel, "--queues="+a.Queue,
			fmt.Sprintf("--concurrency=%d", a.Concurrency), "--pool="+a.Pool,
			fmt.Sprintf("--prefetch-multiplier=%d", a.Prefetch), "--task-events")
	case kindBeat:
		return append(celery, "beat", "--loglevel="+logLevel, "--schedule="+beatStateDir+"/schedule", "--pidfile=")
	}
	return nil
}

// env returns the environment variables that are not secret.
func (a Application) env(s *Settings) map[string]string {
	env := map[string]string{"SERVICE_NAME": a.Name, "LOG_LEVEL": s.LogLevel, "ENVIRONMENT": s.Stack}
	if a.Kind == kindAPI {
		// The load balancer reuses idle connections for answerSeconds. If uvicorn closed them first, requests would fail with 502.
		env["UVICORN_TIMEOUT_KEEP_ALIVE"] = strconv.Itoa(answerSeconds + 5)
	}
	if slices.Contains(a.Needs, envRabbitMQ) {
		env["CELERY_ENABLED"] = "true"
	}
	if slices.Contains(a.Needs, envBucket) {
		env["AWS_REGION"] = s.Region
	}
	return env
}

// setKind sets the fields that depend on the kind: port, probes, writable paths and grace period.
func (a Application) setKind(args *workload.WorkloadArgs) {
	switch a.Kind {
	case kindAPI:
		args.Port = apiListenPort
		args.GraceSeconds = apiGraceSeconds
		args.Liveness = &workload.Probe{Path: "/health"}
		args.Readiness = &workload.Probe{Path: apiReadyPath}
		args.Startup = &workload.Probe{Path: "/health", PeriodSeconds: 5, Failures: 24}
		args.Annotations = pod.ScrapeAnnotations(apiListenPort)
	case kindWorker:
		// A worker answers a ping through the broker: ready means connected, and a stuck event loop does not answer.
		ping := []string{"sh", "-c", fmt.Sprintf("celery -A %s inspect ping --timeout 10 -d celery@$HOSTNAME", a.module())}
		args.Startup = &workload.Probe{Command: ping, PeriodSeconds: 15, TimeoutSeconds: 20, Failures: 20}
		args.Readiness = &workload.Probe{Command: ping, PeriodSeconds: 60, TimeoutSeconds: 20, Failures: 2}
		args.Liveness = &workload.Probe{Command: ping, PeriodSeconds: 60, TimeoutSeconds: 20, Failures: 5}
		args.GraceSeconds = celeryGraceSeconds
	case kindBeat:
		// Beat writes its schedule at least every five minutes while it works.
		args.Liveness = &workload.Probe{
			Command:       []string{"sh", "-c", "test -n \"$(find " + beatStateDir + " -name 'schedule*' -mmin -10)\""},
			PeriodSeconds: 60, TimeoutSeconds: 5, Failures: 3,
		}
		args.WritablePaths = []string{beatStateDir}
	}
}
