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
	// heartbeatFile is touched at least every ten seconds by a Celery process that works. A broker outage does not stop it.
	heartbeatFile = "/tmp/heartbeat"
	// readyFile exists while a worker consumes its queue.
	readyFile = "/tmp/ready"
	// celeryStopSeconds is the time in seconds in which a worker can complete its tasks.
	celeryStopSeconds = 120
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
			fmt.Sprintf("--prefetch-multiplier=%d", a.Prefetch), "--task-events",
			// A worker that mingles sends a command to all others at its start, which none may.
			"--without-mingle")
	case kindBeat:
		return append(celery, "beat", "--loglevel="+logLevel, "--schedule="+beatStateDir+"/schedule", "--pidfile=")
	}
	return nil
}

// env returns the environment variables that are not secret.
func (a Application) env(s *Settings) map[string]string {
	env := map[string]string{"SERVICE_NAME": a.Name, "LOG_LEVEL": s.LogLevel, "ENVIRONMENT": s.Stack}
	// A process opens no connection above its pool.
	env["DATABASE_POOL_SIZE"], env["DATABASE_MAX_OVERFLOW"] = strconv.Itoa(a.DatabasePool), "0"
	if calls := a.aiCalls(); calls > 0 {
		env["AI_MAX_CALLS"] = strconv.Itoa(calls)
	}
	if a.Kind == kindAPI {
		// The load balancer reuses idle connections for answerSeconds. If uvicorn closed them first, requests would fail with 502.
		env["UVICORN_TIMEOUT_KEEP_ALIVE"] = strconv.Itoa(answerSeconds + 5)
	} else {
		env["HEARTBEAT_FILE"] = heartbeatFile
	}
	if a.Kind == kindWorker {
		env["READY_FILE"] = readyFile
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
		// No probe asks the broker: a ping through it starts a Python interpreter, and an outage would restart every worker.
		args.Startup = heartbeat(10, 30)
		args.Liveness = heartbeat(30, 3)
		args.Readiness = &workload.Probe{Command: []string{"test", "-e", readyFile}, PeriodSeconds: 10, TimeoutSeconds: 5, Failures: 3}
		args.GraceSeconds = celeryStopSeconds
	case kindBeat:
		args.Startup = heartbeat(10, 30)
		args.Liveness = heartbeat(30, 3)
		args.WritablePaths = []string{beatStateDir}
	}
	args.GraceSeconds = max(args.GraceSeconds, a.StopSeconds)
}

// heartbeat fails if heartbeatFile is older than two minutes.
func heartbeat(periodSeconds, failures int) *workload.Probe {
	return &workload.Probe{
		Command:       []string{"sh", "-c", "test -n \"$(find " + heartbeatFile + " -mmin -2)\""},
		PeriodSeconds: periodSeconds, TimeoutSeconds: 5, Failures: failures,
	}
}
