<?php
// Opens the session of the visitor.
$line = ['pid' => getmypid(), 'tid' => getmypid(), 'since' => microtime(true), 'kind' => 'file-lock', 'shown' => true];
$line['target'] = ini_get('session.save_path') . '/sess_' . $_SERVER['QUERY_STRING'];
file_put_contents('/srv/drover-sample/said', json_encode($line, JSON_UNESCAPED_SLASHES) . "\n", FILE_APPEND);
session_id($_SERVER['QUERY_STRING']);
session_start();
echo "ok\n";
