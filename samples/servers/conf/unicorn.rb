worker_processes 2
listen '127.0.0.1:18080'
