<?php
// Opens the session, works a little, and says how long it waited for the session, when, and which worker that was.
$from = microtime(true);
session_id($_SERVER['QUERY_STRING']);
session_start();
$to = microtime(true);
$_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
usleep(40000);
header('X-Worker: ' . getmypid());
header(sprintf('X-Waited: %.6f %.6f', $from, $to));
echo "ok\n";
