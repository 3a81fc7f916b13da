package monitoring

func podRules() []Rule {
	return []Rule{
		Alert("PodCrashLooping", Warning, "5m",
			`max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m]) == 1`,
			"{{ $labels.namespace }}/{{ $labels.pod }}: container {{ $labels.container }} is crash-looping"),
		Alert("NoPodsAvailable", Critical, "5m",
			`kube_deployment_status_replicas_available == 0 and kube_deployment_spec_replicas > 0`,
			"Deployment {{ $labels.namespace }}/{{ $labels.deployment }} has no available pod"),
		Alert("NoPodsAvailable", Critical, "5m",
			`kube_statefulset_status_replicas_available == 0 and kube_statefulset_replicas > 0`,
			"StatefulSet {{ $labels.namespace }}/{{ $labels.statefulset }} has no available pod"),
		// The last reason stays until the next end of the container; only a new restart counts.
		Alert("ContainerOOMKilled", Warning, "1m",
			`kube_pod_container_status_last_terminated_reason{reason="OOMKilled"} == 1 and on (namespace, pod, container) increase(kube_pod_container_status_restarts_total[15m]) > 0`,
			"{{ $labels.namespace }}/{{ $labels.pod }}: container {{ $labels.container }} was killed at its memory limit"),
		Alert("PodPending", Warning, "15m",
			`sum by (namespace, pod) (kube_pod_status_phase{phase="Pending"}) > 0`,
			"{{ $labels.namespace }}/{{ $labels.pod }} is pending: it is not scheduled, or cannot be started on its node"),
		Alert("VolumeNotBound", Warning, "15m",
			`kube_persistentvolumeclaim_status_phase{phase=~"Pending|Lost"} == 1`,
			"claim {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is not bound to a volume"),
	}
}
